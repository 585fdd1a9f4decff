package flightsdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
)

// Commands of the protocol for which the library has no names.
const (
	comStatistics  = 0x09
	comProcessInfo = 0x0a
	comProcessKill = 0x0c
	comChangeUser  = 0x11
)

// command decides about the command that begins with the next bytes: it passes, as it is or as another, or is answered.
func (c *conn) command() error {
	// A short command ends before that.
	first, err := c.buffered.Peek(min(c.left, 6))
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return c.answer(errUnknownCommand)
	}
	known := c.library.PrepareData[statementNumber(first)]
	if first[0] == mysql.ComStmtSendLongData && !c.takesLongData(known) {
		// The command has no answer.
		return c.drop()
	}
	if err := c.incoming.keep(first, c.left); err != nil {
		return err
	}
	switch first[0] {
	case mysql.ComQuit, mysql.ComInitDB, mysql.ComQuery, mysql.ComPing, mysql.ComStmtSendLongData, mysql.ComStmtClose, mysql.ComResetConnection:
		return nil
	case mysql.ComSetOption:
		if c.left >= 3 && first[1] <= 1 && first[2] == 0 {
			return nil
		}
	case mysql.ComPrepare:
		return c.prepare()
	case mysql.ComStmtExecute:
		switch {
		case known == nil:
			return c.answer(errUnknownStatement)
		case len(first) == 6:
			// The server opens no cursors, which clients have to expect.
			c.passing = append(append(c.passing, first[:5]...), mysql.NoCursor)
			_, err = c.buffered.Discard(len(first))
			c.left -= len(first)
		}
		return err
	case mysql.ComStmtFetch:
		if known == nil {
			return c.answer(errUnknownStatement)
		}
		return c.answer(errNoCursor)
	case mysql.ComStmtReset:
		if known == nil {
			return c.answer(errUnknownStatement)
		}
		// The library would keep entries without a value.
		clear(known.BindVars)
		return nil
	case mysql.ComFieldList:
		return c.listFields()
	case comStatistics:
		return c.answerWith([]byte(c.handler.statistics()))
	case comProcessInfo:
		return c.passQuery("SHOW PROCESSLIST")
	case comProcessKill:
		return c.passQuery(fmt.Sprintf("KILL %d", statementNumber(first)))
	case comChangeUser:
		return c.changeUser()
	}
	return c.answer(errUnknownCommand)
}

// takesLongData tells whether the statement has the parameter that the packet is for.
func (c *conn) takesLongData(known *mysql.PrepareData) bool {
	const header = 7
	first, err := c.buffered.Peek(min(c.left, header))
	return err == nil && len(first) == header && known != nil && binary.LittleEndian.Uint16(first[5:]) < known.ParamsCount
}

// drop takes the rest of the packet from the client; the library gets nothing of it.
func (c *conn) drop() error {
	dropped, err := c.buffered.Discard(c.left)
	c.passing, c.left = nil, c.left-dropped
	return err
}

// payload takes the packet as a whole; the library gets nothing of it.
func (c *conn) payload() ([]byte, error) {
	b := make([]byte, c.left)
	_, err := io.ReadFull(c.buffered, b)
	c.passing, c.left = nil, 0
	return b, err
}

// pass lets the library read another command instead of the packet.
func (c *conn) pass(command byte, text string) {
	length := 1 + len(text)
	c.passing = append([]byte{byte(length), byte(length >> 8), byte(length >> 16), 0, command}, text...)
}

// answer answers the command with an error.
func (c *conn) answer(err error) error {
	return c.answerWith(errorPacket(mysqlError(sql.CastSQLError(err)).(*mysql.SQLError)))
}

// answerWith answers the command in one packet.
func (c *conn) answerWith(payload []byte) error {
	if err := c.drop(); err != nil {
		return err
	}
	return c.send(1, payload)
}

// passQuery makes a query of the command.
func (c *conn) passQuery(query string) error {
	err := c.drop()
	c.pass(mysql.ComQuery, query)
	return err
}

// prepare answers what the server refuses with the error that a query gets. The library parses the statement once more, where nothing gives
// its errors their numbers.
func (c *conn) prepare() error {
	if c.left > maxPreparedText {
		return c.answer(errPacketTooLarge)
	}
	payload, err := c.payload()
	if err != nil {
		return err
	}
	query, err := asRead(string(payload[1:]))
	if err != nil {
		return c.answer(err)
	}
	query = strings.TrimRight(query, "; \t\r\n")
	options, err := c.handler.ParserOptionsForConnection(c.library)
	if err == nil {
		err = c.handler.parser.check(query, options)
	}
	if err != nil {
		return c.answer(err)
	}
	c.pass(mysql.ComPrepare, query)
	return nil
}

// listFields lets the library list the columns of a table that there is. It would send two answers for any other.
func (c *conn) listFields() error {
	payload, err := c.payload()
	if err != nil {
		return err
	}
	table, _, ok := bytes.Cut(payload[1:], []byte{0})
	if !ok {
		return c.answer(errUnknownCommand)
	}
	query := "SELECT * FROM `" + strings.ReplaceAll(string(table), "`", "``") + "` LIMIT 0"
	if err := c.handler.ComQuery(context.Background(), c.library, query, func(*sqltypes.Result, bool) error { return nil }); err != nil {
		return c.answer(err)
	}
	c.pass(mysql.ComFieldList, string(payload[1:]))
	return nil
}

// statistics is the line of COM_STATISTICS.
func (h *handler) statistics() string {
	uptime := time.Since(h.started).Seconds()
	_, threads, _ := sql.StatusVariables.GetGlobal("Threads_connected")
	asked := h.statements.asked.Load()
	return fmt.Sprintf("Uptime: %.0f  Threads: %v  Questions: %d  Slow queries: 0  Open tables: 5  Queries per second avg: %.3f",
		uptime, threads, asked, float64(asked)/max(uptime, 1))
}

// switching is an account and a database to switch to.
type switching struct {
	user, database string
	account        mysql.Getter
}

// changeUser asks for the password in the way that the client prefers. Then the library resets the connection, as MySQL does.
func (c *conn) changeUser() error {
	payload, err := c.payload()
	if err != nil {
		return err
	}
	next, method, err := readChangeUser(payload[1:])
	if err != nil {
		return c.answer(err)
	}
	salt, err := mysql.NewSalt()
	if err != nil {
		return err
	}
	question := append([]byte{mysql.AuthSwitchRequestPacket}, method...)
	if err := c.send(1, append(append(append(question, 0), salt...), 0)); err != nil {
		return err
	}
	_ = c.SetReadDeadline(time.Now().Add(c.handler.statements.limits.login))
	response, err := c.response()
	if err != nil {
		return err
	}
	_ = c.SetReadDeadline(time.Time{})
	// The number of the response is one higher than that of the question.
	c.shift = c.number
	if method == mysql.CachingSha2Password {
		next.account, _, err = c.handler.accounts.UserEntryWithCacheHash(nil, salt, next.user, response, nil)
	} else {
		next.account, err = c.handler.accounts.UserEntryWithHash(nil, salt, next.user, response, nil)
	}
	switch {
	case err != nil || next.account == nil:
		return errAccess(next.user)
	case next.database != "" && !strings.EqualFold(next.database, databaseName) && !strings.EqualFold(next.database, sql.InformationSchemaDatabaseName):
		return mysql.NewSQLError(mysql.ERBadDb, mysql.SSClientError, "Unknown database '%s'", next.database)
	case method == mysql.CachingSha2Password:
		// The password is right.
		if err := c.send(1, []byte{mysql.AuthMoreDataPacket, mysql.CachingSha2FastAuth}); err != nil {
			return err
		}
		c.shift++
	}
	c.switching = next
	c.pass(mysql.ComResetConnection, "")
	return nil
}

// response reads what the client answers to a question of the server.
func (c *conn) response() ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(c.buffered, header[:]); err != nil {
		return nil, err
	}
	c.number, c.left = header[3], packetLength(header[:])
	if c.left > maxLogin {
		return nil, errPacketTooLarge
	}
	return c.payload()
}

// readChangeUser reads the user, the database and the way to log in that the client prefers. Between user and database is a response
// to a question of long ago, which does not matter.
func readChangeUser(b []byte) (*switching, mysql.AuthMethodDescription, error) {
	user, rest, ok := bytes.Cut(b, []byte{0})
	if !ok || len(rest) == 0 || len(rest) < 1+int(rest[0]) {
		return nil, "", errUnknownCommand
	}
	database, rest, _ := bytes.Cut(rest[1+int(rest[0]):], []byte{0})
	method := mysql.MysqlNativePassword
	if len(rest) > 2 {
		if name, _, _ := bytes.Cut(rest[2:], []byte{0}); string(name) == string(mysql.CachingSha2Password) {
			method = mysql.CachingSha2Password
		}
	}
	return &switching{user: string(user), database: string(database)}, method, nil
}
