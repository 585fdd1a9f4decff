package compose

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
)

// allocated finds the port in what Docker writes about one that is taken.
var allocated = regexp.MustCompile(`:(\d+)(?::| failed:).*(?:already allocated|already in use)`)

// explanations are what Docker writes, as a pattern, and what to do about it.
var explanations = []struct {
	words *regexp.Regexp
	says  string
}{
	{regexp.MustCompile(`Cannot connect to the Docker daemon|ECONNREFUSED|Connection refused|Couldn't connect to Docker daemon`),
		"the Docker daemon does not answer; start Docker Desktop, or `sudo systemctl start docker`"},
	{regexp.MustCompile(`pull access denied|manifest unknown|not found: manifest|repository does not exist`),
		"the registry does not have this image, or not for you; load the image from the instructor's copy with `docker load`"},
	{regexp.MustCompile(`no such host|Temporary failure in name resolution|i/o timeout|network is unreachable|connection refused|` +
		`TLS handshake timeout|Client.Timeout|failed to resolve|server misbehaving`),
		"no network to the registry; connect, load the image from the instructor's copy with `docker load`, or do without Docker: `make exercise1`"},
	{regexp.MustCompile(`no space left on device`), "the disk is full; free space with `docker system prune`"},
	{regexp.MustCompile(`is unhealthy|dependency failed to start`), "a service did not become healthy; `make logs` shows why, `make down` stops the rest"},
}

// explain turns what Docker wrote into one line that says what to do.
func explain(program, words string) error {
	if found := allocated.FindStringSubmatch(words); found != nil {
		number, _ := strconv.Atoi(found[1]) // The expression matches digits only.
		return port.Taken(number, "its variable in .env")
	}
	for _, explanation := range explanations {
		if explanation.words.MatchString(words) {
			return errors.New(explanation.says)
		}
	}
	lines := strings.Split(strings.TrimSpace(words), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return fmt.Errorf("%s failed: %s", program, last)
	}
	return fmt.Errorf("%s failed without a word", program)
}
