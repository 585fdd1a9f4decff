package problem

import (
	"fmt"
	"runtime/debug"
)

// Panic is the error for a panic: its cause and the stack, for the log only.
func Panic(cause any) error { return fmt.Errorf("panic: %v\n%s", cause, debug.Stack()) }

// Recover turns a panic of the function that defers it into that function's error.
func Recover(err *error) {
	if cause := recover(); cause != nil {
		*err = Panic(cause)
	}
}
