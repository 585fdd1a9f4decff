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

func TestFree(t *testing.T) {
	number, err := Free("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
	if err != nil {
		t.Fatalf("got a port that is taken: %v", err)
	}
	listener.Close()
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:5000": "127.0.0.1:5000", ":5000": "127.0.0.1:5000", "0.0.0.0:5000": "127.0.0.1:5000",
		"[::]:5000": "127.0.0.1:5000", "db:3306": "db:3306", "no port": "no port",
	} {
		if got := Reachable(addr); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
}
