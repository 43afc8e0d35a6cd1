//go:build !unix || solaris || aix

package boltstore

import "os"

// bbolt alone knows how to lock here.
func tryLock(*os.File) error { return nil }

func unlock(*os.File) {}

func holder(path string) string { return "another process" }
