package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/metrics"
)

// TestDashboardAsksForMetricsThatExist compares every metric in the dashboard with what the programs really answer.
func TestDashboardAsksForMetricsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "grafana", "dashboards", "workshop.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct {
				Expr       string
				Datasource struct{ UID string }
			}
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join("..", "grafana", "datasources", "prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	exported := exported(t)
	asked := map[string]bool{}
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			if !strings.Contains(string(source), "uid: "+target.Datasource.UID+"\n") {
				t.Errorf("panel %q: the data source %q is not provisioned", panel.Title, target.Datasource.UID)
			}
			for _, metric := range regexp.MustCompile(`[a-z]+(_[a-z]+)+`).FindAllString(target.Expr, -1) {
				if metric == "histogram_quantile" {
					continue
				}
				asked[metric] = true
				if !exported[metric] {
					t.Errorf("panel %q asks for %s, which nothing exports", panel.Title, metric)
				}
			}
		}
	}
	for _, metric := range []string{
		"http_requests_total", "http_request_duration_seconds_bucket", "database_attempts_total", "database_retries_total",
		"database_dials_total", "circuit_breaker_state", "toxiproxy_toxic",
	} {
		if !asked[metric] {
			t.Errorf("no panel shows %s", metric)
		}
	}
}

// exported are the metrics of an app, and those of Toxiproxy and the exporter of toxics, by what they are called there.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	counts := metrics.New()
	counts.Breaker(func() string { return "closed" }, func() uint { return 0 }, 12)
	counts.Request(200, time.Second)
	counts.Attempt(context.Background())
	answer := httptest.NewRecorder()
	counts.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	exporter, err := os.ReadFile(filepath.Join("..", "toxics", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{"toxiproxy_proxy_sent_bytes_total": true}
	for line := range strings.Lines(answer.Body.String()) {
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		all[name] = true
	}
	for _, found := range regexp.MustCompile(`NewDesc\("(\w+)"`).FindAllStringSubmatch(string(exporter), -1) {
		all[found[1]] = true
	}
	return all
}

func TestToxiproxyConfigsHaveTheWorkshopsProxies(t *testing.T) {
	usual := map[string]string{toxi.ProxyName: "0.0.0.0:3307 flights-db:3306"}
	galera := maps.Clone(usual)
	for node := 1; node <= 3; node++ {
		galera[toxi.NodeProxy(node)] = fmt.Sprintf("0.0.0.0:%d node%d:3306", 3310+node, node)
	}
	for file, want := range map[string]map[string]string{"toxiproxy.json": usual, filepath.Join("galera", "toxiproxy.json"): galera} {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		var proxies []toxi.Proxy
		if err := json.Unmarshal(text, &proxies); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, proxy := range proxies {
			got[proxy.Name] = proxy.Listen + " " + proxy.Upstream
			if !proxy.Enabled {
				t.Errorf("%s: %s is not enabled", file, proxy.Name)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

// TestComposeReadsTheFile lets Docker Compose itself check the file, with every profile; it needs no daemon.
func TestComposeReadsTheFile(t *testing.T) {
	if _, err := exec.LookPath("docker-compose"); err != nil {
		require.Missing(t, "docker-compose")
	}
	arguments := []string{"--file", filepath.Join("..", "docker-compose.yml")}
	for _, profile := range composeFile(t, nil).profiles() {
		arguments = append(arguments, "--profile", profile)
	}
	if output, err := exec.Command("docker-compose", append(arguments, "config", "--quiet")...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}
