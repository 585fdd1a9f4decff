// Package doctor checks that the computer has what the workshop needs, and says for each finding how to fix it.
package doctor

import (
	"context"

	"chaosworkshop/shared/config"
)

// Verdict is how bad a finding is. It is also the exit code of the command.
type Verdict int

// The verdicts, from the best to the worst: nothing to do, something you can fix, something for the instructor.
const (
	OK Verdict = iota
	Fix
	Ask
)

// String is the word before a finding.
func (v Verdict) String() string { return [...]string{"ok", "fix", "ask"}[v] }

// MarshalText is the word in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Finding is one line of what the doctor says.
type Finding struct {
	// Name is what was checked.
	Name string `json:"name"`
	// Verdict is how bad it is.
	Verdict Verdict `json:"verdict"`
	// Detail is what was found.
	Detail string `json:"detail"`
	// Remedy is exactly what to do; empty when the verdict is OK.
	Remedy string `json:"remedy,omitempty"`
}

// ok is a good finding.
func ok(name, detail string) Finding { return Finding{Name: name, Detail: detail} }

// incomplete is a finding about a workshop that lacks one of its own files.
func incomplete(name, detail string) Finding {
	return Finding{name, Ask, detail, "get a new copy of the workshop: this one is incomplete"}
}

// Examine checks everything and passes each finding to say at once. It returns the worst verdict.
func Examine(ctx context.Context, say func(Finding)) Verdict {
	worst := OK
	found := func(findings ...Finding) {
		for _, finding := range findings {
			worst = max(worst, finding.Verdict)
			say(finding)
		}
	}
	root, err := config.Root()
	if err != nil {
		found(Finding{"workshop", Fix, "this is neither the workshop's folder nor one below it", "cd to the folder that holds go.work"})
		return worst
	}
	found(ok("workshop", root))
	if compiler := goVersion(ctx, root); compiler.Verdict != OK && bundled(root) {
		found(ok("go", compiler.Detail+"; you need Go only to change code, because this bundle is already compiled"))
	} else if found(compiler); compiler.Verdict == OK {
		found(modules(ctx, root))
	}
	found(programs()...)
	found(writable(root), disk(root), clock(root))
	found(settings(root)...)
	found(proxied()...)
	if cfg, err := config.Load[config.Infra](); err == nil {
		found(dataset(cfg))
		found(ports(ctx, root, cfg)...)
		found(fault(ctx)...)
	}
	found(docker(ctx))
	return worst
}
