// Package fault says of an error what can be done about it. The class is given
// where the error arises, because only there it is known; nothing above ever
// recovers it from the text.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Class is what heals an error.
type Class uint8

// The classes. Unknown is deliberately the zero value: an error nobody
// classified stops its partition or run and is never retried blindly.
const (
	Unknown   Class = iota
	Transient       // time heals it: try again, slower
	Config          // a person must change a declaration, a credential or a grant
	Data            // this row or file can never succeed: it goes to the rejects
	Bug             // an invariant broke: the run stops
)

var names = [...]string{"unknown", "transient", "config", "data", "bug"}

func (c Class) String() string { return names[c] }

// Error carries a class and, where one is known, the way out.
type Error struct {
	Class Class
	Hint  string // what a person can do, as a sentence; may be empty
	Err   error
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + " (" + e.Hint + ")"
}

func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a class. The format follows fmt.Errorf, %w included.
func New(c Class, format string, args ...any) error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// Hint makes an error of a class with a way out.
func Hint(c Class, hint, format string, args ...any) error {
	return &Error{Class: c, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Mark gives err a class. A nil error stays nil.
func Mark(c Class, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Class: c, Err: err}
}

// Of returns the class of the outermost classified error in the chain.
// A cancelled context is nobody's fault and counts as Transient.
func Of(err error) Class {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Class
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Transient
	}
	return Unknown
}

// Is reports whether err is of class c.
func Is(err error, c Class) bool { return err != nil && Of(err) == c }
