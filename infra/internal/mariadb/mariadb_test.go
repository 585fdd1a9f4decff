package mariadb

import (
	"database/sql"
	"net"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestStart(t *testing.T) {
	var addr string
	t.Run("while the test runs", func(t *testing.T) {
		var password string
		addr, password = Start(t)
		config := mysql.NewConfig()
		config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, "root", password, "flights"
		connector, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		if _, err := db.Exec("CREATE TABLE planes (id INT PRIMARY KEY)"); err != nil {
			t.Errorf("create a table: %v", err)
		}
	})
	if addr == "" {
		t.Skip("skipped with the test above")
	}
	if connection, err := net.Dial("tcp", addr); err == nil {
		connection.Close()
		t.Errorf("MariaDB still listens on %s after the test", addr)
	}
}
