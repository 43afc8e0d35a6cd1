package core

// eventSource is the service's name in CloudTrail.
const eventSource = "payment-cryptography.amazonaws.com"
