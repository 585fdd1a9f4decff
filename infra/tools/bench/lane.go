package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/toxi"
)

// lane is one app with a Toxiproxy of its own, and a meter between that and the database.
type lane struct {
	meter *experiment.Meter
	toxi  *toxi.Server
	app   *app.Process
	log   *journal
}

// lane starts an exercise, 1 to 5, in a lane of its own.
func (s *session) lane(ctx context.Context, number int) (_ *lane, err error) {
	l := &lane{log: &journal{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.meter, err = experiment.StartMeter(s.stack.Database()); err != nil {
		return nil, err
	}
	l.toxi, err = toxi.Start(ctx, toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: l.meter.Addr()})
	if err != nil {
		return nil, err
	}
	l.app, err = s.app(ctx, number, l.toxi.ProxyAddr(), l.log)
	return l, err
}

// lanes starts an exercise for each number, each in a lane of its own.
func (s *session) lanes(ctx context.Context, numbers ...int) ([]*lane, error) {
	var all []*lane
	for _, number := range numbers {
		l, err := s.lane(ctx, number)
		if err != nil {
			return nil, errors.Join(err, closeAll(all))
		}
		all = append(all, l)
	}
	return all, nil
}

// app starts an exercise that finds its database at the address.
func (s *session) app(ctx context.Context, number int, database string, log *journal) (*app.Process, error) {
	binary, err := app.Build(ctx, filepath.Join(s.root, fmt.Sprintf("exercise%d", number)))
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(database)
	if err != nil {
		return nil, fmt.Errorf("find the database: %w", err)
	}
	return app.Start(ctx, app.Options{Binary: binary, Output: log, Env: map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port,
		"DB_USER": "root", "DB_PASSWORD": s.cfg.RootPassword, "DB_NAME": "flights",
	}})
}

// inject puts a fault of the catalogue on the lane.
func (l *lane) inject(ctx context.Context, name string) error {
	fault, err := toxi.Lookup(name)
	if err != nil {
		return err
	}
	return l.toxi.Inject(ctx, toxi.ProxyName, fault)
}

// close ends the parts, from the app to the database.
func (l *lane) close() error {
	var errs []error
	if l.app != nil {
		l.app.Kill()
	}
	if l.toxi != nil {
		errs = append(errs, l.toxi.Close())
	}
	if l.meter != nil {
		errs = append(errs, l.meter.Close())
	}
	return errors.Join(errs...)
}

// closeAll closes lanes.
func closeAll(lanes []*lane) error {
	var errs []error
	for _, l := range lanes {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// journal keeps what an app logs.
type journal struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write keeps a piece.
func (j *journal) Write(piece []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.Write(piece)
}

// turns counts how often the breaker turned to a state, as the app logs it: closed, half-open or open.
func (j *journal) turns(state string) int {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	count := 0
	for line := range strings.Lines(j.text.String()) {
		if strings.Contains(line, " breaker ") && strings.Contains(line, " to="+state+" ") {
			count++
		}
	}
	return count
}
