package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/spelling"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// settings says where the value of each variable comes from, but never the value, and whether every value is valid.
func settings(root string) []Finding {
	sources, err := config.Sources()
	if err != nil {
		detail, remedy, found := strings.Cut(err.Error(), "; ")
		if !found {
			remedy = "correct that file"
		}
		return []Finding{{"settings", Fix, detail, remedy}}
	}
	_, err = config.Load[config.Infra]()
	if err == nil {
		_, err = config.Load[config.App]()
	}
	if err == nil {
		_, err = experiment.LoadSettings()
	}
	if err != nil {
		return []Finding{{"settings", Fix, strings.ReplaceAll(err.Error(), "\n", "; "), "correct that value, or remove it to use the default"}}
	}
	names, err := documented(root)
	if err != nil {
		return []Finding{incomplete("settings", err.Error())}
	}
	var findings []Finding
	standard := 0
	for _, name := range names {
		if source, set := sources[name]; set && source == config.RealEnvironment && (name == "DB_HOST" || name == "DB_PORT") {
			findings = append(findings, Finding{"settings", Fix, name + " from " + source + " points the apps at another database, so no fault reaches them",
				"unset " + name + " (in PowerShell: Remove-Item Env:" + name + "), unless you want that"})
		} else if set {
			findings = append(findings, ok("settings", name+" from "+source))
		} else {
			standard++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		// Other programs, such as Docker Compose, read the file as well.
		near := spelling.Nearest(strings.ToUpper(name), names)
		if source := sources[name]; source != config.RealEnvironment && near != "" && near != name {
			findings = append(findings, Finding{"settings", Fix, fmt.Sprintf("%s in %s is not a setting", name, source), "did you mean " + near + "?"})
		}
	}
	findings = append(findings, ok("settings", fmt.Sprintf("%d variables have their defaults", standard)))
	for _, path := range []string{filepath.Join(root, ".env"), config.UserFile()} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" && holdsPassword(sources, path) {
			findings = append(findings, Finding{"secrets", Fix, "others on this computer can read " + path, "chmod 600 " + path})
		}
	}
	return findings
}

// variable finds a variable in a line of .env.example, which shows them as comments.
var variable = regexp.MustCompile(`(?m)^#? ?([A-Z][A-Z_]*)=`)

// documented are the variables that .env.example lists.
func documented(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, ".env.example"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
		names = append(names, found[1])
	}
	return slices.Compact(names), nil
}

// proxied says that curl asks a proxy even for what runs on this computer.
func proxied() []Finding {
	if os.Getenv("http_proxy") == "" {
		return nil // For this kind of URL, curl reads only the small letters.
	}
	without := cmp.Or(os.Getenv("no_proxy"), os.Getenv("NO_PROXY"))
	if without == "*" || strings.Contains(without, "127.0.0.1") {
		return nil
	}
	return []Finding{{"http_proxy", Fix, "curl asks that proxy even for 127.0.0.1", "export no_proxy=127.0.0.1,localhost (in PowerShell: $env:no_proxy = '127.0.0.1,localhost')"}}
}

// dataset says what the embedded database would serve.
func dataset(cfg config.Infra) Finding {
	data, err := stack.Dataset(cfg)
	switch {
	case err != nil:
		return Finding{"dataset", Fix, "OPENFLIGHTS_DIR cannot be loaded: " + err.Error(), "make data, or remove OPENFLIGHTS_DIR to use the built-in sample"}
	case cfg.OpenFlightsDir == "":
		return ok("dataset", fmt.Sprintf("the built-in sample, %d routes", len(data.Routes)))
	}
	return ok("dataset", fmt.Sprintf("OpenFlights from %s, %d routes", stack.Folder(cfg.OpenFlightsDir), len(data.Routes)))
}

// holdsPassword reports whether a password comes from the file at path.
func holdsPassword(sources map[string]string, path string) bool {
	for name, source := range sources {
		if source == path && strings.HasSuffix(name, "PASSWORD") {
			return true
		}
	}
	return false
}
