package flightsdb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
)

// session is the session of a connection. What a client can keep in it is bounded.
type session struct {
	*sql.BaseSession
	// room is what the user variables of all sessions share, and variables what each of this one takes of it.
	room *room
	// conn is the connection, which knows the client's character set and how long the user lets a statement take.
	conn *conn

	mutex     sync.Mutex
	variables map[string]int
}

var _ sql.LifecycleAwareSession = (*session)(nil)

// newSession makes the session of a connection that has logged in.
func newSession(engine *sqle.Engine) server.SessionBuilder {
	room := newRoom(maxVariables)
	return func(ctx context.Context, c *mysql.Conn, addr string) (sql.Session, error) {
		client := sql.Client{Capabilities: c.Capabilities}
		if user, ok := c.UserData.(sql.MysqlConnectionUser); ok {
			client.User, client.Address = user.User, user.Host
		}
		connOf(c).longest.Store(0)
		s := &session{
			BaseSession: sql.NewBaseSessionWithClientServer(addr, client, c.ConnectionID),
			room:        room,
			conn:        connOf(c),
			variables:   map[string]int{},
		}
		// The character set of the first packet; what is unknown is the server's own.
		name := sql.CollationID(c.CharacterSet).CharacterSet().Name()
		if s.conn.charset = nil; charsetNamed(name) != nil {
			for _, variable := range []string{"character_set_client", "character_set_results"} {
				if err := s.SetSessionVariable(sql.NewContext(ctx, sql.WithSession(s)), variable, name); err != nil {
					return nil, err
				}
			}
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
	name = strings.ToLower(name)
	text := fmt.Sprint(value)
	if name == "time_zone" && !isTimeZone(text) {
		return mysql.NewSQLError(1298, mysql.SSUnknownSQLState, "Unknown or incorrect time zone: '%.100s'", text)
	}
	if only, ok := ignored[name]; ok && text != only && text != "" {
		return unsupported("SET " + name)
	}
	before, err := s.GetSessionVariable(ctx, name)
	if err != nil {
		return err
	}
	if err := s.BaseSession.SetSessionVariable(ctx, name, value); err != nil {
		return err
	}
	switch name {
	case "sql_mode":
	case "character_set_client":
		s.conn.charset = charsetNamed(text)
		return nil
	case "max_execution_time":
		limit, err := s.GetSessionVariable(ctx, name)
		milliseconds, _, wrong := types.Int64.Convert(ctx, limit)
		if err == nil && wrong == nil {
			s.conn.longest.Store(milliseconds.(int64))
		}
		return errors.Join(err, wrong)
	default:
		return nil
	}
	// Only now it is a list of names.
	modes, err := s.GetSessionVariable(ctx, name)
	if ignored := ignoredModes.FindString(fmt.Sprint(modes)); err == nil && ignored != "" {
		return errors.Join(s.BaseSession.SetSessionVariable(ctx, name, before), unsupported("sql_mode "+ignored))
	}
	return err
}

// ignored are variables that change values in MySQL, but not in the library, with the only value that they may have.
var ignored = map[string]string{"lc_time_names": "en_US", "div_precision_increment": "4", "default_week_format": "0", "timestamp": "DEFAULT"}

// ignoredModes matches those of sql_mode.
var ignoredModes = regexp.MustCompile(`(?i)\b(?:ANSI|PIPES_AS_CONCAT|NO_BACKSLASH_ESCAPES|HIGH_NOT_PRECEDENCE|NO_UNSIGNED_SUBTRACTION|ALLOW_INVALID_DATES)\b`)

// offset matches a time zone that is a distance from UTC.
var offset = regexp.MustCompile(`^(?:[+-](?:0?\d|1[0-3]):[0-5]\d|\+14:00)$`)

// isTimeZone tells whether the library can calculate in a time zone.
func isTimeZone(name string) bool {
	if strings.EqualFold(name, "SYSTEM") || offset.MatchString(name) {
		return true
	}
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
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
