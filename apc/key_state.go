package apc

// KeyStateCreateFailed is the state of a key whose import its approval team denied or did not decide in
// time. The user guide has it and the service description does not: [KeyState.Values] is without it.
const KeyStateCreateFailed KeyState = "CREATE_FAILED"
