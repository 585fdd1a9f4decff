package soak

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/chaos/livepage"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/lab/toxi"
)

// MaxAttendees is how many people one machine with two cores serves while it runs the exercises.
const MaxAttendees = 100

// statements are what people type into a client: what works, what is wrong, what changes something, and what takes long.
var statements = []string{
	"SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid WHERE r.src_ap = 'LHR' AND r.dst_ap = 'JFK' ORDER BY a.name LIMIT 100",
	"SELECT country, COUNT(*) AS n FROM airports GROUP BY country ORDER BY n DESC LIMIT 10", "SELECT * FROM airports", "SHOW TABLES", "DESCRIBE routes",
	"SHOW FULL COLUMNS FROM airports", "SHOW VARIABLES", "SHOW FULL PROCESSLIST", "SELECT * FROM information_schema.columns", "EXPLAIN SELECT * FROM routes WHERE rid = 1",
	"SELECT name, RANK() OVER (PARTITION BY country ORDER BY elevation DESC) FROM airports", "SELECT DISTINCT city FROM airports WHERE name LIKE '%Lon%'",
	"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT SUM(i) FROM n",
	"SELECT COUNT(*) FROM airlines WHERE alid NOT IN (SELECT alid FROM routes WHERE alid IS NOT NULL)", "SET @a = REPEAT('x', 100000)", "PREPARE s FROM 'SELECT ? + 1'",
	"SELEC 1", "SELECT nowhere FROM routes", "DROP TABLE routes", "INSERT INTO locales VALUES ('a', 'b')", "SELECT @a := 1", "BEGIN", "ROLLBACK", "SELECT GET_LOCK('a', 1)",
	"SELECT SLEEP(2)", "SELECT COUNT(*) FROM routes a, routes b", "SELECT REPEAT('a', 1000000) FROM routes ORDER BY 1",
}

// room is what the attendees share: the stack, the exercises, and a live page whose frames tell nothing.
type room struct {
	*soak
	page *livepage.Server
}

// idle is a control that is never used. It has each method, since one that a control embeds and lacks would end the soak.
type idle struct{}

func (idle) Inject(context.Context, string) error { return nil }
func (idle) Calm(context.Context) error           { return nil }
func (idle) SetRate(context.Context, int) error   { return nil }
func (idle) Pause(context.Context, bool) error    { return nil }
func (idle) Pool(context.Context, bool) error     { return nil }
func (idle) Reset(context.Context) error          { return nil }

// Spans implements livepage.Control.
func (idle) Spans() *trace.Receiver { return &trace.Receiver{Done: func(trace.Request) {}} }

// attend lets the attendees do what they like until ctx ends.
func (s *soak) attend(ctx context.Context) error {
	if s.Attendees == 0 {
		return nil
	}
	hub, err := livepage.NewHub(nil)
	if err != nil {
		return err
	}
	listener, err := livepage.Listen(0)
	if err != nil {
		return err
	}
	page, err := livepage.Serve(listener, hub, idle{})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for number := range s.Attendees {
		all.Go(func() { (&room{s, page}).live(ctx, rand.New(rand.NewPCG(s.Seed, uint64(1000+number)))) })
	}
	for began := time.Now(); ctx.Err() == nil; pause(ctx, 250*time.Millisecond) {
		err = errors.Join(err, hub.Add(livepage.Frame{T: time.Since(began).Milliseconds()}))
	}
	all.Wait()
	return errors.Join(err, page.Close())
}

// live is one attendee: one thing after another, and each may be cut off at any time, as by Ctrl-C.
func (r *room) live(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		brief, cut := context.WithTimeout(ctx, between(random, 50*time.Millisecond, 3*time.Second))
		switch random.IntN(8) {
		case 0, 1, 2:
			r.query(brief, random, r.stack.Database())
		case 3:
			r.query(brief, random, r.stack.Proxy())
		case 4, 5:
			_ = ask(brief, r.exercises[random.IntN(len(r.exercises))].app.URL)
		case 6:
			read(brief, r.page.URL()+"/events")
		case 7:
			// Others may have removed the fault, or the proxy may be about to be rebuilt.
			_ = r.stack.Toxi.InjectFor(brief, toxi.ProxyName, toxi.Faults()[random.IntN(len(toxi.Faults()))], between(random, 50*time.Millisecond, 3*time.Second))
		}
		cut()
		pause(ctx, between(random, 10*time.Millisecond, time.Second))
	}
}

// query connects, runs some statements, and hangs up when brief ends. What becomes of them is not judged: the process must stay whole.
func (r *room) query(brief context.Context, random *rand.Rand, addr string) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.DBName, config.User, config.Passwd = "tcp", addr, "flights", "root", r.password
	config.MultiStatements, config.Logger = random.IntN(2) == 0, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for range 1 + random.IntN(8) {
		statement := statements[random.IntN(len(statements))]
		if random.IntN(3) == 0 {
			if prepared, err := db.PrepareContext(brief, statement); err == nil {
				if rows, err := prepared.QueryContext(brief); err == nil {
					drain(rows)
				}
				_ = prepared.Close()
			}
		} else if rows, err := db.QueryContext(brief, statement); err == nil {
			drain(rows)
		}
	}
}

// drain reads all rows.
func drain(rows *sql.Rows) {
	for rows.Next() {
	}
	_ = rows.Close()
}

// read reads an address until ctx ends.
func read(ctx context.Context, url string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	if response, err := client.Do(request); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}
