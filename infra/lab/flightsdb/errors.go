package flightsdb

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dolthub/vitess/go/mysql"
)

// The server's own refusals, with the numbers and words of MySQL.
var (
	errReadOnly = mysql.NewSQLError(mysql.EROptionPreventsStatement, mysql.SSUnknownSQLState,
		"The MySQL server is running with the --read-only option so it cannot execute this statement")
	errTooManyConnections = mysql.NewSQLError(mysql.ERConCount, "08004", "Too many connections")
	errTooManyTables      = mysql.NewSQLError(mysql.ERTooManyTables, mysql.SSUnknownSQLState,
		"Too many tables; this server can only use %d tables in a statement", maxTables)
	errTooManyColumns = mysql.NewSQLError(1117, mysql.SSUnknownSQLState, "Too many columns; at most %d", maxColumns)
	errTooManyWindows = mysql.NewSQLError(1117, mysql.SSUnknownSQLState, "Too many window functions; at most %d", maxWindows)
	errTooDeep        = mysql.NewSQLError(1436, mysql.SSUnknownSQLState,
		"Thread stack overrun: expressions nest at most %d deep", maxDepth)
	errTooManySelects = mysql.NewSQLError(1473, mysql.SSUnknownSQLState,
		"Too high level of nesting for select: at most %d", maxSelects)
	errPacketTooLarge = mysql.NewSQLError(mysql.ERNetPacketTooLarge, mysql.SSNetError,
		"Got a packet bigger than 'max_allowed_packet' bytes")
	errTooLong = mysql.NewSQLError(mysql.ERQueryTimeout, mysql.SSUnknownSQLState,
		"Query execution was interrupted, maximum statement execution time exceeded")
	errOutOfMemory = mysql.NewSQLError(1041, mysql.SSUnknownSQLState,
		"Out of memory: the statement needs more than this server has")
	errNoRoom = mysql.NewSQLError(1041, mysql.SSUnknownSQLState,
		"Out of memory: the clients send more at once than this server has room for")
	errTooManyRunaways = mysql.NewSQLError(1041, mysql.SSUnknownSQLState,
		"Out of resources: %d statements still run after they were told to end; try again in a few seconds", maxRunaways)
	errTooManyTokens = mysql.NewSQLError(1436, mysql.SSUnknownSQLState,
		"Thread stack overrun: a statement has at most %d words", maxTokens)
	errShutdown = mysql.NewSQLError(mysql.ERServerShutdown, mysql.SSServerShutdown, "Server shutdown in progress")
	errGone     = mysql.NewSQLError(mysql.ERQueryInterrupted, mysql.SSQueryInterrupted,
		"Query execution was interrupted: the client is gone")
	errInterrupted = mysql.NewSQLError(mysql.ERQueryInterrupted, mysql.SSQueryInterrupted,
		"Query execution was interrupted")
	errTooManyPrepared = mysql.NewSQLError(1461, mysql.SSClientError,
		"Can't create more than max_prepared_stmt_count statements (current value: %d)", maxPrepared)
	errFullJoin = mysql.NewSQLError(mysql.ERParseError, mysql.SSClientError,
		"You have an error in your SQL syntax; MySQL has no FULL OUTER JOIN")
	errUnable           = unsupported("This statement")
	errUnknownCommand   = mysql.NewSQLError(mysql.ERUnknownComError, mysql.SSUnknownComError, "Unknown command")
	errUnknownStatement = mysql.NewSQLError(1243, mysql.SSUnknownSQLState, "Unknown prepared statement handler")
	errNoCursor         = mysql.NewSQLError(1421, mysql.SSUnknownSQLState, "The statement has no open cursor")
)

// errAccess is the error of a wrong password, or of a user that does not exist.
func errAccess(user string) *mysql.SQLError {
	return mysql.NewSQLError(mysql.ERAccessDeniedError, mysql.SSAccessDeniedError, "Access denied for user '%s'", user)
}

// unsupported is the error of a statement that the library would answer wrongly.
func unsupported(what string) error {
	return mysql.NewSQLError(mysql.ERNotSupportedYet, mysql.SSClientError,
		"%s is not supported here; use a real server: make up or make seed", what)
}

// unknownFunctions are functions of MySQL that the library does not have.
const unknownFunctions = "addtime aes_decrypt aes_encrypt cume_dist extractvalue insert make_set maketime nth_value oct period_add period_diff " +
	"statement_digest subtime to_seconds truncate updatexml weight_string"

// numbered matches an error of this package that the library has turned into a syntax error, which is only text.
var numbered = regexp.MustCompile(`^(.*) \(errno (\d+)\) \(sqlstate (\w{5})\)$`)

// mysqlError is the error with MySQL's number for it, if the library gave it none.
func mysqlError(err error) error {
	var unknown *mysql.SQLError
	if !errors.As(err, &unknown) || unknown.Num != mysql.ERUnknownError {
		return err
	}
	message := unknown.Message
	if match := numbered.FindStringSubmatch(message); match != nil {
		number, _ := strconv.Atoi(match[2])
		return mysql.NewSQLError(number, match[3], "%s", match[1])
	}
	switch {
	case strings.Contains(message, "panic"):
		return errUnable
	case strings.HasPrefix(message, "syntax error"), strings.HasPrefix(message, "max nesting level"):
		return mysql.NewSQLError(mysql.ERParseError, mysql.SSClientError,
			"You have an error in your SQL syntax; %s", message)
	case strings.HasSuffix(message, "could not be found in any table in scope"):
		return mysql.NewSQLError(mysql.ERBadFieldError, mysql.SSBadFieldError, "%s", message)
	case strings.HasPrefix(message, "ambiguous column"), strings.HasSuffix(message, "in order clause is ambiguous"):
		return mysql.NewSQLError(mysql.ERNonUniq, mysql.SSConstraintViolation, "%s", message)
	case strings.HasPrefix(message, "Not unique table/alias"):
		return mysql.NewSQLError(1066, mysql.SSClientError, "%s", message)
	case strings.HasPrefix(message, "Unknown system variable"):
		return mysql.NewSQLError(mysql.ERUnknownSystemVariable, mysql.SSUnknownSQLState, "%s", message)
	case strings.HasPrefix(message, "function '") && strings.Contains(message, "' expected "):
		return mysql.NewSQLError(1582, mysql.SSClientError, "Incorrect parameter count: %s", message)
	case strings.HasPrefix(message, "Incorrect datetime value"):
		return mysql.NewSQLError(1525, mysql.SSUnknownSQLState, "%s", message)
	case strings.HasPrefix(message, "function: '") && strings.HasSuffix(message, "' not found"):
		name := strings.TrimSuffix(strings.TrimPrefix(message, "function: '"), "' not found")
		if slices.Contains(strings.Fields(unknownFunctions), name) {
			return unsupported("The function " + strings.ToUpper(name))
		}
		return mysql.NewSQLError(1305, mysql.SSClientError, "%s", message)
	case strings.HasPrefix(message, "cannot union two queries"):
		return mysql.NewSQLError(1222, "21000", "The used SELECT statements have a different number of columns")
	case strings.Contains(message, "%!d(MISSING)"), strings.Contains(message, "invalid children number"),
		strings.HasPrefix(message, "unable to find field with index"):
		return unsupported("This combination of functions")
	case strings.Contains(message, ")\" does not exist in scope, but there is an alias"):
		return unsupported("The same function in two columns without names of their own")
	case strings.HasPrefix(message, "string '") && strings.Contains(message, "is too large for column"):
		return unsupported("This use of a UNION of texts of different lengths")
	case strings.HasPrefix(message, "invalid type: time.Time"):
		return unsupported("This use of a date")
	case strings.HasPrefix(message, "invalid use of an interval"):
		return unsupported("An interval in this place")
	case strings.HasPrefix(message, "value not nil"):
		return unsupported("A NULL in this row of values")
	case strings.HasPrefix(message, "a range's order by must be one expression"):
		return unsupported("A frame of RANGE with several orders")
	case strings.HasPrefix(message, "an aggregation remained in the expression"), strings.HasPrefix(message, "Unimplemented "):
		return unsupported("This function over a window")
	case strings.HasPrefix(message, "Timeout exceeded in regular expression match"):
		return mysql.NewSQLError(3699, mysql.SSUnknownSQLState, "%s", message)
	case strings.Contains(message, "context canceled"):
		return errInterrupted
	}
	return unknown
}
