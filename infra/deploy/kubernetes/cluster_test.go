package kubernetes

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// base is the namespace of the base.
const base = "chaosworkshop"

// patience bounds one call of kubectl.
const patience = 3 * time.Minute

// lhrToJFK is asked of each app.
const lhrToJFK = "/api/flights/routes?from=LHR&to=JFK"

// TestCluster shows what Kubernetes makes of the health endpoint on a cluster, with numbers: the one of the kubeconfig that
// WORKSHOP_KUBECONFIG names. The cluster must have the images of `make images`, and no namespace of the workshop. kubectl
// must be in the PATH.
func TestCluster(t *testing.T) {
	if os.Getenv("WORKSHOP_KUBECONFIG") == "" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: set WORKSHOP_KUBECONFIG to the kubeconfig of a cluster with the images of `make images`")
	}
	if got := kubectl(t, "", "get", "namespaces", "--output=name"); strings.Contains(got, "namespace/"+base) || strings.Contains(got, "namespace/attendee-") {
		t.Fatalf("the cluster has namespaces of the workshop already; delete them first: %s", got)
	}
	workshop := filepath.Join(t.TempDir(), "workshop")
	execute(t, "", "go", "build", "-o", workshop, filepath.Join("..", ".."))

	page := require.ReadPage(t, filepath.Join("..", "..", "docs", "kubernetes.md"))
	t.Run("base", func(t *testing.T) { testBase(t, workshop, page) })
	t.Run("room", func(t *testing.T) { testRoom(t, workshop, page) })
}

// testBase runs the lessons of one namespace. They follow each other, so the first that fails ends them.
func testBase(t *testing.T, workshop string, page require.Page) {
	t.Cleanup(func() { kubectl(t, "", "delete", "namespace", base, "--ignore-not-found") })
	began := time.Now()
	apply(t, "base")
	kubectl(t, "", "wait", "--namespace="+base, "--for=condition=Available", "deployment", "--all", "--timeout=2m")
	within(t, "from an empty cluster to six ready pods", began, 30*time.Second)
	for number := 1; number <= 5; number++ {
		raw := fmt.Sprintf("/api/v1/namespaces/%s/services/exercise%d:5000/proxy%s", base, number, lhrToJFK)
		// A new cluster's DNS may know the Service of the database a moment after the pods are ready.
		await(t, fmt.Sprintf("exercise %d to serve flights of British Airways", number), func() bool {
			got, err := try(t, "", "get", "--raw", raw)
			return err == nil && strings.Contains(got, `"airline":"British Airways"`)
		})
	}
	room := world{workshop: workshop, namespace: base, toxiproxy: forward(t, base), page: page}
	for _, step := range []struct {
		name string
		run  func(*testing.T, world)
	}{
		{"an outage takes pods out of the endpoints", outage},
		{"a liveness probe that asks the database", wrongLiveness},
		{"a rolling restart", rollingRestart},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, room) }) {
			t.FailNow()
		}
	}
}

// world is one namespace with the workshop in it, and the way to its faults.
type world struct {
	workshop  string
	namespace string
	toxiproxy string // The local port that leads to its Toxiproxy.
	page      require.Page
}

// chaos injects the fault of an exercise, as `make chaos EX=5` does; until the test ends at the latest.
func (w world) chaos(t *testing.T, exercise int) {
	t.Helper()
	w.run(t, "chaos", "--ex", strconv.Itoa(exercise))
	t.Cleanup(func() { w.calm(t) })
}

// calm removes every fault.
func (w world) calm(t *testing.T) {
	t.Helper()
	w.run(t, "calm")
}

// run runs a command of the workshop against the forwarded Toxiproxy.
func (w world) run(t *testing.T, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, w.workshop, arguments...)
	command.Env = append(os.Environ(), "TOXIPROXY_PORT="+w.toxiproxy)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", arguments, err, output)
	}
}

// outage: readiness takes the pod out of the endpoints and back, and nothing restarts. Meanwhile, no user gets an
// answer, unless the Service also leads to pods that are not ready: then users get the breaker's 503.
func outage(t *testing.T, w world) {
	w.chaos(t, 5)
	began := time.Now()
	await(t, "exercise 5 to leave the endpoints", func() bool { return len(endpoints(t, w.namespace, "exercise5")) == 0 })
	out := within(t, "out of the endpoints after an outage", began, 4*time.Second)
	w.page.Figure(t, `is out of the endpoints (\S+) s after`, out.Seconds(), 1.5)
	for number := 1; number <= 4; number++ {
		name := fmt.Sprintf("exercise%d", number)
		if got := endpoints(t, w.namespace, name); len(got) != 1 {
			t.Errorf("%s: got the endpoints %v, want one: it has no health endpoint", name, got)
		}
	}

	refused := load(t, w.namespace, 5*time.Second, nil)
	t.Logf("no pod is ready: statuses %v, %s", refused.Statuses, refused.WhyNot)
	if refused.Statuses["none"] != refused.Requests {
		t.Errorf("no pod is ready: got %v, want no request answered", refused.Statuses)
	}
	w.page.Figure(t, `Not one of (\d+) users gets an answer`, float64(refused.Requests), 5)
	open := func(ready string) {
		kubectl(t, "", "patch", "service", "exercise5", "--namespace="+w.namespace, "--patch", `{"spec":{"publishNotReadyAddresses":`+ready+`}}`)
	}
	open("true")
	await(t, "the Service to lead to pods that are not ready", func() bool { return len(endpoints(t, w.namespace, "exercise5")) == 1 })
	rejected := load(t, w.namespace, 5*time.Second, nil)
	t.Logf("no pod is ready, publishNotReadyAddresses: statuses %v, p99 %.0f ms", rejected.Statuses, rejected.Latency.P99)
	// The first of them fail until the breaker opens.
	if got := rejected.Statuses["503"]; got < rejected.Requests/2 || rejected.Statuses["none"] != 0 {
		t.Errorf("the Service fails open: got %v, want every request answered, most by the breaker's 503", rejected.Statuses)
	}
	w.page.Figure(t, `\((\d+) of 250 requests\)`, float64(rejected.Statuses["503"]), 15)
	w.page.Figure(t, `within (\d+) ms \(p99\)`, rejected.Latency.P99, 40)
	open("false")
	await(t, "exercise 5 to leave the endpoints again", func() bool { return len(endpoints(t, w.namespace, "exercise5")) == 0 })

	w.calm(t)
	began = time.Now()
	await(t, "exercise 5 to come back", func() bool { return len(endpoints(t, w.namespace, "exercise5")) == 1 })
	back := within(t, "back in the endpoints after calm", began, 8*time.Second)
	w.page.AtMost(t, `and back within (\S+) s of`, back.Seconds())
	if got, _ := restarts(t, w.namespace); got != 0 {
		t.Errorf("got %d restarts, want none", got)
	}
}

// wrongLiveness: a liveness probe on /health/ restarts a healthy process until Kubernetes backs off.
func wrongLiveness(t *testing.T, w world) {
	apply(t, filepath.Join("overlays", "wrong-liveness"))
	rollout(t, w.namespace)
	w.chaos(t, 5)
	began := time.Now()
	await(t, "CrashLoopBackOff", func() bool {
		_, waiting := restarts(t, w.namespace)
		return waiting == "CrashLoopBackOff"
	})
	got, _ := restarts(t, w.namespace)
	t.Logf("after %d restarts", got)
	looping := within(t, "in CrashLoopBackOff after an outage", began, 30*time.Second)
	w.page.Figure(t, `After (\d) restarts`, float64(got), 1)
	w.page.Figure(t, `in CrashLoopBackOff, (\S+) s after`, looping.Seconds(), 8)
	w.calm(t)
	apply(t, "base")
	rollout(t, w.namespace)
}

// rollingRestart: with preStop, a rolling restart loses no request. Without it, it does.
func rollingRestart(t *testing.T, w world) {
	restart := func() {
		for range 3 {
			kubectl(t, "", "rollout", "restart", "deployment/exercise5", "--namespace="+w.namespace)
			rollout(t, w.namespace)
		}
	}
	with := load(t, w.namespace, 40*time.Second, restart)
	t.Logf("three rolling restarts with preStop: %d of %d requests lost, %v %s", with.lost(), with.Requests, with.Statuses, with.WhyNot)
	w.page.Figure(t, `none of (\S+) requests is lost`, float64(with.Requests), 100)
	if with.Requests < 1900 || with.lost() != 0 {
		t.Errorf("with preStop: got %d of %d requests lost, want none of at least 1900", with.lost(), with.Requests)
	}
	kubectl(t, "", "patch", "deployment", "exercise5", "--namespace="+w.namespace, "--type=json",
		"--patch", `[{"op":"remove","path":"/spec/template/spec/containers/0/lifecycle"}]`)
	rollout(t, w.namespace)
	without := load(t, w.namespace, 40*time.Second, restart)
	t.Logf("three rolling restarts without preStop: %d of %d requests lost, %v %s", without.lost(), without.Requests, without.Statuses, without.WhyNot)
	w.page.AtMost(t, "Without `preStop`, as many as (\\d+) of 2,000 are lost", float64(without.lost()))
	if without.lost() == 0 {
		t.Error("without preStop: no request was lost, want some, or the lesson has no point")
	}
}

// testRoom: the attendees' namespaces come up, hold what they promise, and do not feel each other's faults.
func testRoom(t *testing.T, workshop string, page require.Page) {
	const attendees = 30
	var room bytes.Buffer
	if err := Room(&room, attendees, Repository); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		arguments := []string{"delete", "namespace", "--ignore-not-found"}
		for number := 1; number <= attendees; number++ {
			arguments = append(arguments, fmt.Sprintf("attendee-%02d", number))
		}
		kubectl(t, "", arguments...)
	})
	began := time.Now()
	kubectl(t, room.String(), "apply", "--filename=-")
	kubectl(t, "", "wait", "--all-namespaces", "--for=condition=Available", "deployment", "--selector=app in (infra, exercise5)", "--timeout=2m")
	ready := within(t, "a room of 30 attendees, from nothing to ready", began, time.Minute)
	page.Figure(t, `A room of 30 is ready after (\S+) s`, ready.Seconds(), 35)
	used := memory(t, "attendee-")
	t.Logf("the room's pods hold %.2f GB", float64(used)/1e9)
	page.Figure(t, `its pods use (\S+) GB`, float64(used)/1e9, 0.4)
	if used > 1_500_000_000 {
		t.Errorf("the room's pods hold %d bytes, want at most 1.5 GB", used)
	}

	for _, rights := range []struct {
		namespace, verb, what, want string
	}{
		{"attendee-01", "create", "deployments", "yes"},
		{"attendee-01", "create", "pods/portforward", "yes"},
		{"attendee-01", "get", "endpointslices", "yes"},
		{"attendee-01", "delete", "resourcequotas", "no"},
		{"attendee-01", "create", "rolebindings", "no"},
		{"attendee-02", "get", "pods", "no"},
		{"attendee-02", "create", "pods/portforward", "no"},
	} {
		got := "no"
		if _, err := try(t, "", "auth", "can-i", rights.verb, rights.what, "--namespace="+rights.namespace,
			"--as=system:serviceaccount:attendee-01:attendee", "--quiet"); err == nil {
			got = "yes"
		}
		if got != rights.want {
			t.Errorf("may attendee 1 %s %s in %s? got %s, want %s", rights.verb, rights.what, rights.namespace, got, rights.want)
		}
	}
	refused(t, "privileged", "violates PodSecurity", `"securityContext":{"privileged":true}`)
	refused(t, "greedy", "exceeded quota", `"resources":{"limits":{"memory":"4Gi"}},"securityContext":{"runAsNonRoot":true,`+
		`"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}`)

	first := world{workshop: workshop, namespace: "attendee-01", toxiproxy: forward(t, "attendee-01")}
	first.chaos(t, 5)
	await(t, "attendee 1's exercise to leave the endpoints", func() bool { return len(endpoints(t, "attendee-01", "exercise5")) == 0 })
	neighbour := load(t, "attendee-02", 10*time.Second, nil)
	t.Logf("a neighbour of an outage: statuses %v", neighbour.Statuses)
	page.Figure(t, `lose none of their (\d+) requests`, float64(neighbour.Requests), 50)
	if neighbour.Requests < 450 || neighbour.lost() != 0 {
		t.Errorf("a neighbour of an outage: got %d of %d requests lost, want none of at least 450", neighbour.lost(), neighbour.Requests)
	}
}

// refused tries a pod that the namespace must refuse, with the words.
func refused(t *testing.T, name, words, container string) {
	t.Helper()
	pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `","namespace":"attendee-01"},` +
		`"spec":{"containers":[{"name":"x","image":"chaosworkshop/infra",` + container + `}]}}`
	if output, err := try(t, pod, "apply", "--filename=-", "--dry-run=server"); err == nil || !strings.Contains(output, words) {
		t.Errorf("%s: got %v %s, want it refused because it %s", name, err, output, words)
	}
}

// summary is what the load prints.
type summary struct {
	Requests int
	Statuses map[string]int
	WhyNot   string
	Latency  struct{ P99 float64 } `json:"latencyMs"`
}

// lost are the requests that were not answered with 200.
func (s summary) lost() int { return s.Requests - s.Statuses["200"] }

// load sends 50 requests a second to exercise 5 from within the namespace, and does something meanwhile, unless that is nil.
func load(t *testing.T, namespace string, duration time.Duration, meanwhile func()) summary {
	t.Helper()
	text, err := os.ReadFile("load.yaml")
	if err != nil {
		t.Fatal(err)
	}
	job := strings.Replace(string(text), "--duration=20s]", "--duration="+duration.String()+", --json]", 1)
	in := "--namespace=" + namespace
	kubectl(t, job, "apply", in, "--filename=-")
	defer kubectl(t, "", "delete", "job", "load", in)
	if meanwhile != nil {
		kubectl(t, "", "wait", in, "--for=condition=Ready", "pod", "--selector=app=load", "--timeout=1m")
		meanwhile()
	}
	kubectl(t, "", "wait", in, "--for=condition=Complete", "job/load", "--timeout=2m")
	logs := kubectl(t, "", "logs", in, "job/load")
	// A pod's log mixes the lines of the progress with those of the summary.
	lines := regexp.MustCompile(`(?m)^ *["{}\[\]].*$`).FindAllString(logs, -1)
	var result summary
	if err := json.Unmarshal([]byte(strings.Join(lines, "\n")), &result); err != nil || result.Requests == 0 {
		t.Fatalf("the load: %v: %s", err, logs)
	}
	return result
}

// forward forwards a free local port to the Toxiproxy of a namespace until the test ends, and returns it.
func forward(t *testing.T, namespace string) string {
	t.Helper()
	command := exec.Command("kubectl", "--kubeconfig="+os.Getenv("WORKSHOP_KUBECONFIG"), "port-forward", "--namespace="+namespace, "service/toxiproxy", ":8474")
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	found := regexp.MustCompile(`:(\d+) -> 8474`).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("kubectl port-forward: %v %q", err, line)
	}
	return found[1]
}

// endpoints are the addresses to which the Service leads.
func endpoints(t *testing.T, namespace, service string) []string {
	t.Helper()
	var list struct {
		Items []struct {
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready bool }
			}
		}
	}
	ask(t, &list, "get", "endpointslices", "--namespace="+namespace, "--selector=kubernetes.io/service-name="+service, "--output=json")
	var ready []string
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready {
				ready = append(ready, endpoint.Addresses...)
			}
		}
	}
	return ready
}

// restarts are those of all exercises, and the reason for which exercise 5 waits, if it does.
func restarts(t *testing.T, namespace string) (count int, waiting string) {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Labels map[string]string }
			Status   struct {
				ContainerStatuses []struct {
					RestartCount int
					State        struct{ Waiting struct{ Reason string } }
				}
			}
		}
	}
	ask(t, &list, "get", "pods", "--namespace="+namespace, "--output=json")
	for _, pod := range list.Items {
		for _, container := range pod.Status.ContainerStatuses {
			count += container.RestartCount
			if pod.Metadata.Labels["app"] == "exercise5" && container.State.Waiting.Reason != "" {
				waiting = container.State.Waiting.Reason
			}
		}
	}
	return count, waiting
}

// memory is the working set, in bytes, of all pods in namespaces with the prefix.
func memory(t *testing.T, prefix string) int {
	t.Helper()
	sum := 0
	for _, node := range strings.Fields(kubectl(t, "", "get", "nodes", "--output=jsonpath={.items[*].metadata.name}")) {
		var stats struct {
			Pods []struct {
				PodRef struct{ Namespace string }
				Memory struct{ WorkingSetBytes int }
			}
		}
		ask(t, &stats, "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")
		for _, pod := range stats.Pods {
			if strings.HasPrefix(pod.PodRef.Namespace, prefix) {
				sum += pod.Memory.WorkingSetBytes
			}
		}
	}
	if sum == 0 {
		t.Error("no node says how much memory the pods hold")
	}
	return sum
}

// apply applies a kustomization of this folder.
func apply(t *testing.T, kustomization string) {
	t.Helper()
	kubectl(t, "", "apply", "--kustomize", kustomization)
}

// rollout waits until the new pods of exercise 5 are ready and the old ones are gone.
func rollout(t *testing.T, namespace string) {
	t.Helper()
	kubectl(t, "", "rollout", "status", "deployment/exercise5", "--namespace="+namespace, "--timeout=2m")
	await(t, "the old pods to be gone", func() bool {
		return len(strings.Fields(kubectl(t, "", "get", "pods", "--namespace="+namespace, "--selector=app=exercise5", "--output=name"))) == 1
	})
}

// await asks until it is true, for a minute at most.
func await(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ask(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// within logs and returns how long something took, and fails if that is more than the limit.
func within(t *testing.T, what string, began time.Time, limit time.Duration) time.Duration {
	t.Helper()
	took := time.Since(began)
	t.Logf("%s: %.1f s", what, took.Seconds())
	if took > limit {
		t.Errorf("%s: got %.1f s, want at most %s", what, took.Seconds(), limit)
	}
	return took
}

// ask decodes the JSON that kubectl prints.
func ask(t *testing.T, answer any, arguments ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(kubectl(t, "", arguments...)), answer); err != nil {
		t.Fatalf("kubectl %s: %v", arguments, err)
	}
}

// kubectl runs kubectl with that input, and returns what it prints.
func kubectl(t *testing.T, input string, arguments ...string) string {
	t.Helper()
	output, err := try(t, input, arguments...)
	if err != nil {
		t.Fatalf("kubectl %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	return output
}

// try runs kubectl, which may refuse; then the output is why. A cleanup calls it too, so it does not end with the test.
func try(t *testing.T, input string, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "kubectl", slices.Insert(arguments, 0, "--kubeconfig="+os.Getenv("WORKSHOP_KUBECONFIG"))...)
	command.Stdin = strings.NewReader(input)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		return output.String() + complaints.String(), err
	}
	return output.String(), nil
}

// execute runs a program that must succeed, and returns what it prints.
func execute(t *testing.T, dir, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = dir
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v: %s%s", program, strings.Join(arguments, " "), err, output.String(), complaints.String())
	}
	return output.String()
}
