// Package doctor looks at the computer as the workshop needs it, and says for each finding how to mend it.
package doctor

import (
	"context"

	"chaosworkshop/shared/config"
)

// Verdict is how bad a finding is. The command exits with it.
type Verdict int

const (
	// OK is nothing to do.
	OK Verdict = iota
	// Fix is something that the user can mend.
	Fix
	// Ask is something for the instructor.
	Ask
)

// String is the word before a finding.
func (v Verdict) String() string { return [...]string{"ok", "fix", "ask"}[v] }

// MarshalText is the word in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Finding is one line of the report.
type Finding struct {
	// Name is what was looked at.
	Name string `json:"name"`
	// Verdict is how it is.
	Verdict Verdict `json:"verdict"`
	// Detail is what was found.
	Detail string `json:"detail"`
	// Remedy is what to do, exactly; empty when it is OK.
	Remedy string `json:"remedy,omitempty"`
}

// ok is a good finding.
func ok(name, detail string) Finding { return Finding{Name: name, Detail: detail} }

// Examine looks at everything and reports each finding as soon as it is there. It returns the worst verdict.
func Examine(ctx context.Context, report func(Finding)) Verdict {
	worst := OK
	say := func(findings ...Finding) {
		for _, finding := range findings {
			worst = max(worst, finding.Verdict)
			report(finding)
		}
	}
	root, err := config.Root()
	if err != nil {
		say(Finding{"workshop", Fix, "this is not the workshop's folder or one below it", "cd to the folder that holds go.work"})
		return worst
	}
	say(ok("workshop", root))
	say(goVersion(ctx, root))
	say(modules(ctx, root))
	say(writable(root))
	say(disk(root))
	say(clock(root))
	say(settings(root)...)
	if cfg, err := config.Load[config.Infra](); err == nil {
		say(dataset(cfg))
		say(ports(ctx, cfg)...)
	}
	say(docker(ctx))
	return worst
}
