package flightsdb

import (
	"context"
	"strings"
	"sync"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/vitess/go/mysql"
)

// session is the session of a connection. What a client can keep in it is bounded.
type session struct {
	*sql.BaseSession
	// room is what the user variables of all sessions share, and variables what each of this one takes of it.
	room *room

	mutex     sync.Mutex
	variables map[string]int
}

var _ sql.LifecycleAwareSession = (*session)(nil)

// newSession makes the session of a connection that has logged in.
func newSession(engine *sqle.Engine) server.SessionBuilder {
	room := newRoom(maxVariables)
	return func(_ context.Context, c *mysql.Conn, addr string) (sql.Session, error) {
		client := sql.Client{Capabilities: c.Capabilities}
		if user, ok := c.UserData.(sql.MysqlConnectionUser); ok {
			client.User, client.Address = user.User, user.Host
		}
		s := &session{
			BaseSession: sql.NewBaseSessionWithClientServer(addr, client, c.ConnectionID),
			room:        room,
			variables:   map[string]int{},
		}
		// Without privileges some tables of information_schema panic, or are empty.
		s.SetPrivilegeSet(privileges(), 1)
		// Until now, the list of processes shows nobody.
		engine.ProcessList.ConnectionReady(s)
		return s, nil
	}
}

// SetUserVariable implements sql.Session.
func (s *session) SetUserVariable(ctx *sql.Context, name string, value any, typ sql.Type) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key, size := strings.ToLower(name), int(sizeOf(value))+len(name)
	if size > maxPacket || !s.room.take(size) {
		return errOutOfMemory
	}
	s.room.give(s.variables[key])
	s.variables[key] = size
	return s.BaseSession.SetUserVariable(ctx, name, value, typ)
}

// CommandBegin implements sql.LifecycleAwareSession.
func (s *session) CommandBegin() error { return nil }

// CommandEnd implements sql.LifecycleAwareSession.
func (s *session) CommandEnd() {}

// SessionEnd implements sql.LifecycleAwareSession.
func (s *session) SessionEnd() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for name, size := range s.variables {
		s.room.give(size)
		delete(s.variables, name)
	}
}

// SetSessionVariable implements sql.Session.
func (s *session) SetSessionVariable(ctx *sql.Context, name string, value any) error {
	if text, ok := value.(string); ok && len(text) > maxSetting {
		return sql.ErrInvalidSystemVariableValue.New(name, text[:100]+"...")
	}
	return s.BaseSession.SetSessionVariable(ctx, name, value)
}

// Warn implements sql.Session. MySQL keeps as many warnings, its max_error_count.
func (s *session) Warn(warning *sql.Warning) {
	if s.BaseSession.WarningCount() < 1024 {
		s.BaseSession.Warn(warning)
	}
}

// privileges are what every account may do.
func privileges() sql.PrivilegeSet {
	set := mysql_db.NewPrivilegeSet()
	set.AddGlobalStatic(sql.PrivilegeType_Select, sql.PrivilegeType_ShowDB, sql.PrivilegeType_Process)
	return set
}
