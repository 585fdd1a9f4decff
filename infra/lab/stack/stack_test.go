package stack

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"chaosworkshop/infra/lab/flightsdb"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "a-password-of-a-test"

// isolated are settings with every port free.
func isolated() config.Infra { return Isolated(config.Infra{RootPassword: password}) }

// database starts a flights database and returns its port.
func database(t *testing.T) int {
	t.Helper()
	server, err := flightsdb.Start(t.Context(), flightsdb.Options{
		Addr: "127.0.0.1:0", RootPassword: password, Data: openflights.Sample(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return numberOf(t, server.Addr())
}

func numberOf(t *testing.T, addr string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// held is a port on which a program listens that is not a database.
func held(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return numberOf(t, listener.Addr().String())
}

func TestStackLeadsToTheDatabase(t *testing.T) {
	running, err := Start(t.Context(), isolated())
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{running.Database(), running.Proxy()} {
		if err := ping(t.Context(), addr, isolated()); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if !running.OwnsDatabase() || !running.Toxi.Owned() {
		t.Error("the stack owns neither or one, want both")
	}
	if err := running.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for _, addr := range []string{running.Database(), running.Proxy()} {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Errorf("%s is open after the end", addr)
		}
	}
}

func TestCloseAfterTheContextEndedIsNoError(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	running, err := Start(ctx, isolated())
	if err != nil {
		t.Fatal(err)
	}
	end()
	if err := running.Close(); err != nil {
		t.Errorf("close after Ctrl-C: got %v, want nil", err)
	}
}

func TestStartUsesARunningDatabase(t *testing.T) {
	cfg := isolated()
	cfg.MySQLPort = database(t)
	running, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if running.OwnsDatabase() || running.Data != "" {
		t.Errorf("started a database of its own (%q), want the one that runs", running.Data)
	}
	if err := ping(t.Context(), running.Proxy(), cfg); err != nil {
		t.Errorf("through the proxy: %v", err)
	}
	if err := running.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := ping(t.Context(), running.Database(), cfg); err != nil {
		t.Errorf("the database after the end: %v, want it left alone", err)
	}
}

func TestWrongPasswordIsExplained(t *testing.T) {
	cfg := isolated()
	cfg.MySQLPort = database(t)
	cfg.RootPassword = "another-password"
	_, err := Start(t.Context(), cfg)
	wantLine(t, err, "MYSQL_ROOT_PASSWORD", "MYSQL_PORT", strconv.Itoa(cfg.MySQLPort))
}

func TestTakenPortIsExplained(t *testing.T) {
	for _, test := range []struct {
		variable string
		set      func(*config.Infra, int)
	}{
		{"MYSQL_PORT", func(cfg *config.Infra, port int) { cfg.MySQLPort = port }},
		{"PROXY_PORT", func(cfg *config.Infra, port int) { cfg.ProxyPort = port }},
		{"TOXIPROXY_PORT", func(cfg *config.Infra, port int) { cfg.ToxiproxyPort = port }},
	} {
		t.Run(test.variable, func(t *testing.T) {
			cfg, port := isolated(), held(t)
			test.set(&cfg, port)
			_, err := Start(t.Context(), cfg)
			want := []string{test.variable, strconv.Itoa(port)}
			if _, linux := os.Stat("/proc/self/fd"); linux == nil {
				want = append(want, "process "+strconv.Itoa(os.Getpid()))
			}
			wantLine(t, err, want...)
		})
	}
}

func TestMissingDataIsExplained(t *testing.T) {
	cfg := isolated()
	cfg.OpenFlightsDir = t.TempDir()
	_, err := Start(t.Context(), cfg)
	wantLine(t, err, cfg.OpenFlightsDir)
}

// wantLine checks that the error is one line with the words in it, and no password.
func wantLine(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	text := err.Error()
	if strings.Contains(text, "\n") || strings.Contains(text, "another-password") || strings.Contains(text, password) {
		t.Errorf("got %q, want one line without a password", text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("got %q, want %q in it", text, word)
		}
	}
}
