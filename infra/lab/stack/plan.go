package stack

import (
	"context"
	"fmt"
	"slices"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// Plan says where everything listens.
type Plan struct {
	// Infra and App are the settings, with the ports that are used.
	Infra config.Infra
	App   config.App
	// Notes has a line for each default port that is taken, with the one that is used instead.
	Notes []string

	chosen    map[string]string // What the user set.
	here      map[string]int    // What programs of this folder hold.
	elsewhere map[int]string    // What programs of other folders hold.
	used      []int
}

// NewPlan reads the settings and finds a port for the database, for the proxy, for Toxiproxy, and for each variable in more: PORT
// or CONSOLE_PORT. A taken default port gives way to the next free one, unless what answers there can be reused: the servers of this
// folder, Docker's, or your own, but not those of another folder. The error is about a port that the user chose.
func NewPlan(ctx context.Context, more ...string) (*Plan, error) {
	plan, err := readPlan()
	if err != nil {
		return nil, err
	}
	return plan, plan.place(ctx, more)
}

// PagePlan finds a port for the live page alone.
func PagePlan() (*Plan, error) {
	plan, err := readPlan()
	if err != nil {
		return nil, err
	}
	return plan, plan.placeMore("CONSOLE_PORT")
}

// readPlan is a plan with the ports of the settings.
func readPlan() (*Plan, error) {
	plan := &Plan{}
	var err error
	if plan.Infra, err = config.Load[config.Infra](); err != nil {
		return nil, err
	}
	if plan.App, err = config.Load[config.App](); err != nil {
		return nil, err
	}
	if plan.chosen, err = config.Chosen(); err != nil {
		return nil, err
	}
	if root, err := config.Root(); err == nil { // An image has the program alone, without a folder.
		plan.here, plan.elsewhere = running.Ports(root), running.Elsewhere(root)
	}
	return plan, nil
}

// setting is one port of the plan.
type setting struct {
	variable string
	number   *int
	role     string
}

func (p *Plan) settings() []setting {
	return []setting{
		{"MYSQL_PORT", &p.Infra.MySQLPort, "the database"},
		{"PROXY_PORT", &p.Infra.ProxyPort, "the proxy"},
		{"TOXIPROXY_PORT", &p.Infra.ToxiproxyPort, "Toxiproxy"},
		{"PORT", &p.App.Port, "the app"},
		{"CONSOLE_PORT", &p.Infra.ConsolePort, "the live page"},
	}
}

// place finds the ports.
func (p *Plan) place(ctx context.Context, more []string) error {
	owner := map[int]string{}
	for _, one := range p.settings() {
		if p.chosen[one.variable] == "" || *one.number == 0 {
			continue
		}
		if other := owner[*one.number]; other != "" {
			return fmt.Errorf("%s and %s are both %d; give each a port of its own", other, one.variable, *one.number)
		}
		owner[*one.number] = one.variable
		p.used = append(p.used, *one.number)
	}
	if err := port.Busy(p.Infra.Bind, 0); err != nil {
		return port.Unusable(p.Infra.Bind, 0, "", err)
	}
	all := p.settings()
	database, proxy, toxiproxy := all[0], all[1], all[2]
	if _, err := p.find(database, func() bool { return ping(ctx, p.reachable(database), p.Infra) == nil }); err != nil {
		return err
	}
	reused, err := p.find(toxiproxy, func() bool { return p.leads(ctx, toxiproxy) })
	if err != nil {
		return err
	}
	if !reused { // A Toxiproxy that already runs has its proxy, wherever that listens.
		delete(p.here, proxy.variable)
		if _, err := p.find(proxy, func() bool { return false }); err != nil {
			return err
		}
	}
	return p.placeMore(more...)
}

// placeMore finds the ports of what nothing else can replace.
func (p *Plan) placeMore(variables ...string) error {
	for _, one := range p.settings() {
		if !slices.Contains(variables, one.variable) {
			continue
		}
		delete(p.here, one.variable)
		if _, err := p.find(one, nil); err != nil {
			return err
		}
	}
	return nil
}

// find keeps the port of a setting if the user chose it, if it is free, or if reusable accepts what answers there. Otherwise it
// takes the next free one. It returns whether something that is already running is reused. Without reusable, a chosen port must be free; the
// stack checks its own when it starts.
func (p *Plan) find(one setting, reusable func() bool) (reused bool, err error) {
	number, bind, chosen := *one.number, p.Infra.Bind, p.chosen[one.variable] != ""
	switch {
	case number == 0:
		return false, nil
	case chosen && reusable != nil:
		return reusable(), nil
	case !chosen && p.here[one.variable] == number:
		return true, nil
	}
	why := ""
	if folder := p.elsewhere[number]; !chosen && folder != "" {
		why = " by the workshop in " + folder
	} else if chosen || !slices.Contains(p.used, number) {
		err := port.Busy(bind, number)
		if err != nil && !port.InUse(err) {
			return false, port.Unusable(bind, number, one.variable, err)
		}
		reused := err != nil && reusable != nil && reusable()
		if err == nil || reused {
			p.used = append(p.used, number)
			return reused, nil
		}
		if chosen {
			return false, port.Taken(number, one.variable)
		}
		why = port.HeldBy(number)
	}
	if *one.number, err = port.Next(bind, number, p.used); err != nil {
		return false, err
	}
	p.used = append(p.used, *one.number)
	p.Notes = append(p.Notes, fmt.Sprintf("port %d is taken%s; %s uses %d", number, why, one.role, *one.number))
	return false, nil
}

// leads tells whether a Toxiproxy answers that leads to a flights database, or would if there were no fault, or that has no
// proxy yet.
func (p *Plan) leads(ctx context.Context, one setting) bool {
	client := toxi.NewClient("http://" + p.reachable(one))
	proxies, err := client.Proxies(ctx)
	if err != nil {
		return false
	}
	proxy, found := proxies[toxi.ProxyName]
	if !found {
		return true
	}
	_, err = leadsTo(ctx, p.Infra, proxy)
	return err == nil
}

// reachable is where to dial the server of a setting.
func (p *Plan) reachable(one setting) string {
	return port.Reachable(address(p.Infra.Bind, *one.number))
}
