package port

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestTaken(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := net.Listen("tcp", holder.Addr().String()); !InUse(err) {
		t.Errorf("got that %v is something else, want that the port is in use", err)
	}
	if err := errors.New("listen tcp: cannot assign requested address"); InUse(err) {
		t.Errorf("got that the port is in use from %v", err)
	}
	number := holder.Addr().(*net.TCPAddr).Port
	wants := []string{"port " + strconv.Itoa(number) + " is taken", "set PORT to another"}
	if runtime.GOOS == "linux" {
		wants = append(wants, "(process "+strconv.Itoa(os.Getpid())+")")
	}
	got := Taken(number, "PORT").Error()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want it to say %q", got, want)
		}
	}
}
