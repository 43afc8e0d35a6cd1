package hsm

// Ready is a source of RSA pairs made beforehand, so that tests need not wait
// for primes. It gives each pair once, in order; ok is false when it has none
// left of that size, and generation takes over. Goroutines may share one.
type Ready interface {
	Next(bits int) (private Secret, public Public, ok bool)
}
