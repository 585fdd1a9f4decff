package experiment

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// First is the text of an experiment to start from, on the service at the address target, with a proxy in front of upstream, the
// host and port of what it depends on. schema is the address of the schema for editors; empty leaves it out.
func First(target, upstream, schema string) (string, error) {
	host, number, err := net.SplitHostPort(upstream)
	port, wrong := strconv.Atoi(number)
	if err != nil || wrong != nil || port < 1 || port > 65534 || host == "" {
		return "", fmt.Errorf("%q is not an address; expected the host and port of what the service depends on, such as 127.0.0.1:6379", upstream)
	}
	parsed, err := url.Parse(target)
	if err != nil || !isHTTP(target) {
		return "", fmt.Errorf("%q is not a URL; expected that of the service, such as http://127.0.0.1:8080/orders", target)
	}
	path := parsed.RequestURI()
	text := first
	if schema != "" {
		text = "# yaml-language-server: $schema=" + schema + "\n" + text
	}
	return strings.NewReplacer(
		"TARGET", strconv.Quote(parsed.Scheme+"://"+parsed.Host), "PATH", strconv.Quote(path), "UPSTREAM", upstream,
		"LISTEN", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)),
	).Replace(text), nil
}

const first = `title: Users get an answer even when the dependency is slow
description: When the dependency answers 300 ms late, nine in ten users are still served within a second. Afterwards, everyone is.

target:
  url: TARGET
  # Or let the experiment start and end the service, which must listen on the port in the variable PORT:
  # command: python3 app.py
  # env: {DEPENDENCY: "LISTEN"}

requests:
  - path: PATH
    # With a status alone, an error page with that status counts as right. Check the body as well:
    # right: {json: {$.price: 250}}
    # or, if the answer is always the same:
    # right: {same-as-calm: true}
    right: {status: 200}

# Make the service connect to "listen" instead of "upstream".
proxies:
  - name: dependency
    listen: LISTEN
    upstream: UPSTREAM

steady-state-hypothesis:
  title: without a fault, every request is served

method:
  - phase: steady state
    duration: 3s
    load: {rate: 20}
  - phase: slow dependency
    fault: {type: latency, latency: 300ms, jitter: 100ms}
    duration: 10s
    load: {rate: 20, patience: 3s}
  - phase: dependency down
    fault: blackhole
    duration: 5s
    load: {rate: 20, patience: 3s}
  - phase: rollback
    duration: 10s
    until: served
    load: {rate: 20}
  - phase: steady state again
    duration: 3s
    load: {rate: 20}

tolerances:
  - name: users are served even when the dependency is slow
    phase: slow dependency
    expect: rate(served) >= 90% and p(95) <= 1s
    why: A user leaves after a few seconds.
    hints: [Look for calls to the dependency that wait longer than they need to.]
  - name: failures come quickly
    phase: dependency down
    expect: max <= 2s
    why: A user who waits for an error has lost time, too.
    hints: [Give every call to the dependency a timeout.]
  - name: users are served again soon
    phase: rollback
    expect: time_to(served) <= 5s

rollbacks: ["every fault is removed, however the run ends"]
`
