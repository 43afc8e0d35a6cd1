//go:build !unix || solaris || aix

package boltstore

import "os"

// On this system only bbolt locks the file.
func tryLock(*os.File) error { return nil }

func unlock(*os.File) {}

func holder(path string) string { return "another process" }
