package flightsdb

import (
	"context"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/vitess/go/mysql"
)

// newSession is the session of a connection that has logged in.
func newSession(_ context.Context, c *mysql.Conn, addr string) (sql.Session, error) {
	client := sql.Client{Capabilities: c.Capabilities}
	if user, ok := c.UserData.(sql.MysqlConnectionUser); ok {
		client.User, client.Address = user.User, user.Host
	}
	session := sql.NewBaseSessionWithClientServer(addr, client, c.ConnectionID)
	// Without privileges some tables of information_schema panic, or are empty.
	session.SetPrivilegeSet(privileges(), 1)
	return session, nil
}

// privileges are what every account may do.
func privileges() sql.PrivilegeSet {
	set := mysql_db.NewPrivilegeSet()
	set.AddGlobalStatic(sql.PrivilegeType_Select, sql.PrivilegeType_ShowDB, sql.PrivilegeType_Process)
	return set
}
