package hsm

// Ready is a source of RSA key pairs made beforehand, so that tests need not wait
// for primes. It gives each key pair once, in order; ok is false when it has none
// of that size left: the backend then generates one. Any number of goroutines may
// share one.
type Ready interface {
	Next(bits int) (private Secret, public Public, ok bool)
}
