package compose

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
)

// allocated finds the port in what Docker says about one that is taken.
var allocated = regexp.MustCompile(`:(\d+)(?::| failed:).*(?:already allocated|already in use)`)

// explain turns the last words of Docker into one line that says what to do.
func explain(program, words string) error {
	has := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(words, text) })
	}
	if found := allocated.FindStringSubmatch(words); found != nil {
		number, _ := strconv.Atoi(found[1]) // The expression lets digits pass only.
		return port.Taken(number, "its variable in .env")
	}
	switch {
	case has("Cannot connect to the Docker daemon", "ECONNREFUSED", "Connection refused", "Couldn't connect to Docker daemon"):
		return errors.New("the Docker daemon does not answer; start Docker Desktop, or `sudo systemctl start docker`")
	case has("pull access denied", "manifest unknown", "not found: manifest", "repository does not exist"):
		return errors.New("the registry does not give it out; load the image from the instructor's copy with `docker load`")
	case has("no such host", "Temporary failure in name resolution", "i/o timeout", "network is unreachable", "connection refused",
		"TLS handshake timeout", "Client.Timeout", "failed to resolve", "server misbehaving"):
		return errors.New("no network to the registry; connect, load the image from the instructor's copy with `docker load`, or do without Docker: `make exercise1`")
	case has("no space left on device"):
		return errors.New("the disk is full; `docker system prune` makes room")
	case has("is unhealthy", "dependency failed to start"):
		return errors.New("a service did not become healthy; `make logs` shows why, `make down` ends the rest")
	}
	return fmt.Errorf("%s failed: %s", program, last(words))
}

// last is the last line that says something.
func last(words string) string {
	for _, line := range slices.Backward(strings.Split(strings.TrimSpace(words), "\n")) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return "it said nothing"
}

// tailSize is how much a tail keeps, in bytes.
const tailSize = 8 << 10

// tail keeps the last of what a program said.
type tail struct{ text []byte }

func (t *tail) Write(piece []byte) (int, error) {
	t.text = append(t.text, piece...)
	if len(t.text) > tailSize {
		t.text = t.text[len(t.text)-tailSize:]
	}
	return len(piece), nil
}

func (t *tail) String() string { return string(t.text) }
