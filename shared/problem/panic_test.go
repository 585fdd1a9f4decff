package problem

import (
	"strings"
	"testing"
)

func TestRecover(t *testing.T) {
	find := func(broken bool) (err error) {
		defer Recover(&err)
		if broken {
			panic("broken query")
		}
		return nil
	}
	if err := find(false); err != nil {
		t.Errorf("no panic: got %v, want no error", err)
	}
	err := find(true)
	if err == nil || !strings.HasPrefix(err.Error(), "panic: broken query\n") || !strings.Contains(err.Error(), "TestRecover") {
		t.Errorf("got %v, want the cause and the stack", err)
	}
}
