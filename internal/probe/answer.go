package probe

import (
	"strings"
)

// Answer is what a side answered to a step, normalised.
type Answer struct {
	Status    int            `json:"status,omitempty"`
	Exception string         `json:"exception,omitempty"` // "" where the call was answered
	Message   string         `json:"message,omitempty"`
	Body      map[string]any `json:"body,omitempty"`
	// Partial answers are those of which only a part was published: what is absent is not known.
	Partial bool `json:"partial,omitempty"`
}

func (a *Answer) outcome() string {
	if a.Exception == "" {
		return "answered"
	}
	return a.Exception
}

// says reports whether the message has some words.
func (a *Answer) says(words string) string {
	switch {
	case a.Exception == "":
		return "answered"
	case a.Message == "" && a.Partial:
		return notKnown
	case strings.Contains(a.Message, words):
		return "says: " + words
	}
	return "does not say: " + words
}

// Transcript is one side's answers to a probe.
type Transcript struct {
	Answers map[string]*Answer `json:"answers,omitempty"`
	NotRun  string             `json:"notRun,omitempty"` // why a step was not answered, and no later one
}

// faults are exceptions that say nothing of the question.
var faults = map[string]bool{"ThrottlingException": true, "ServiceUnavailableException": true, "InternalServerException": true,
	"InternalFailure": true}

// noPermission are exceptions that say that the caller may not ask.
var noPermission = map[string]bool{"AccessDeniedException": true}

// wrongCredentials are exceptions that every further call would get too.
var wrongCredentials = map[string]bool{"UnrecognizedClientException": true, "InvalidSignatureException": true,
	"ExpiredTokenException": true, "InvalidClientTokenId": true, "IncompleteSignatureException": true}
