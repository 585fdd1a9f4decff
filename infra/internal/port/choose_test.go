package port

import (
	"net"
	"strings"
	"testing"
)

func TestNextSkipsWhatIsTakenAndTheDefaults(t *testing.T) {
	first, err := Next("127.0.0.1", 21000, nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := Listen("127.0.0.1", first)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := Busy("127.0.0.1", first); err == nil || !InUse(err) {
		t.Errorf("busy: got %v, want that the port is in use", err)
	}
	second, err := Next("127.0.0.1", first-1, []int{first + 1})
	if err != nil {
		t.Fatal(err)
	}
	if second <= first+1 {
		t.Errorf("got %d, want none of %d, which is taken, and %d, which is in use", second, first, first+1)
	}
	if got, err := Next("127.0.0.1", 3305, nil); err != nil || got < 3308 {
		t.Errorf("after 3305: got %d, %v, want none of the defaults 3306 and 3307", got, err)
	}
}

// A server on every address holds the port on each of them, also where the system lets a second one listen.
func TestBusyOnEveryAddress(t *testing.T) {
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := Busy("127.0.0.1", listener.Addr().(*net.TCPAddr).Port); err == nil || !InUse(err) {
		t.Errorf("got %v, want that the port is in use", err)
	}
}

func TestUnusable(t *testing.T) {
	for _, test := range []struct {
		host   string
		number int
		want   string
	}{
		{"nonsense", 0, "BIND must be an IP address of this computer"},
		{"192.0.2.1", 0, "192.0.2.1 is not one of them"},
		{"127.0.0.1", 80, "set PORT to a port above 1023"},
		{"127.0.0.1", 5000, "set PORT to another port"},
	} {
		err := Unusable(test.host, test.number, "PORT", net.ErrClosed)
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "lookup") {
			t.Errorf("%s:%d: got %q, want it to say %q", test.host, test.number, err, test.want)
		}
	}
}
