//go:build !unix

package secretfile

import "os"

// NoFollow is a flag of os.OpenFile that this system does not have.
const NoFollow = 0

const nonBlock = 0

// The system has no owner, group and permissions of the kind that the rule wants.
func checkAccess(string, os.FileInfo) error { return nil }

func mine(os.FileInfo) bool { return true }

func sheltered(string, os.FileInfo) bool { return false }
