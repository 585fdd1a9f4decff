package flightsdb

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"net"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
)

// accounts are the passwords of the users who may log in, from any host, with every right that a read-only server grants.
type accounts map[string]string

var _ mysql.AuthServer = accounts(nil)

func newAccounts(options Options) accounts {
	a := accounts{}
	if options.User != "" {
		a[options.User] = options.Password
	}
	// Last, so that no other password opens the account root.
	a["root"] = options.RootPassword
	return a
}

// listen makes the listener of the protocol, which lets in the accounts.
func (a accounts) listen(config server.Config, listener mysql.ListenerConfig, events server.ServerEventListener) (server.ProtocolListener, error) {
	listener.AuthServer = a
	return server.MySQLProtocolListenerFactory(config, listener, events)
}

// AuthMethods implements mysql.AuthServer: what clients of MySQL up to 8 and MariaDB speak, and those of MySQL 8 on.
func (a accounts) AuthMethods() []mysql.AuthMethod {
	return []mysql.AuthMethod{
		authMethod{mysql.NewMysqlNativeAuthMethod(a, a)},
		authMethod{mysql.NewSha2CachingAuthMethod(a, nil, a)},
	}
}

// DefaultAuthMethodDescription implements mysql.AuthServer.
func (a accounts) DefaultAuthMethodDescription() mysql.AuthMethodDescription {
	return mysql.MysqlNativePassword
}

// HandleUser implements mysql.UserValidator. Only the password shows whether the user exists.
func (a accounts) HandleUser(string, net.Addr) bool { return true }

// UserEntryWithHash implements mysql.HashStorage.
func (a accounts) UserEntryWithHash(_ []*x509.Certificate, salt []byte, user string, response []byte, _ net.Addr) (mysql.Getter, error) {
	password, ok := a[user]
	if !ok || subtle.ConstantTimeCompare(response, mysql.ScramblePassword(salt, []byte(password))) == 0 {
		return nil, errAccess(user)
	}
	return sql.MysqlConnectionUser{User: user, Host: "%"}, nil
}

// UserEntryWithCacheHash implements mysql.CachingStorage. The password is always known here, so the server never asks the
// client for it in plain text.
func (a accounts) UserEntryWithCacheHash(_ []*x509.Certificate, salt []byte, user string, response []byte, _ net.Addr) (mysql.Getter, mysql.CacheState, error) {
	password, ok := a[user]
	if !ok || subtle.ConstantTimeCompare(response, scrambleSHA256(salt, []byte(password))) == 0 {
		return nil, mysql.AuthRejected, nil
	}
	return sql.MysqlConnectionUser{User: user, Host: "%"}, mysql.AuthAccepted, nil
}

// scrambleSHA256 is what a client answers to the salt: SHA256(password) XOR SHA256(SHA256(SHA256(password)), salt).
func scrambleSHA256(salt, password []byte) []byte {
	if len(password) == 0 {
		return []byte{0}
	}
	first := sha256.Sum256(password)
	second := sha256.Sum256(first[:])
	mask := sha256.Sum256(append(second[:], salt...))
	subtle.XORBytes(first[:], first[:], mask[:])
	return first[:]
}

// authMethod is a method of the library for every user, with or without TLS: no password is ever sent in the clear. It
// tells the connection when a user has logged in.
type authMethod struct {
	mysql.AuthMethod
}

// HandleUser implements mysql.AuthMethod.
func (authMethod) HandleUser(*mysql.Conn, string) bool { return true }

// HandleAuthPluginData implements mysql.AuthMethod.
func (m authMethod) HandleAuthPluginData(c *mysql.Conn, user string, salt, response []byte, from net.Addr) (mysql.Getter, error) {
	account, err := m.AuthMethod.HandleAuthPluginData(c, user, salt, response, from)
	if err != nil {
		return nil, err
	}
	return account, c.Conn.(*conn).loggedIn()
}
