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
	errNotPrepared      = mysql.NewSQLError(1295, mysql.SSUnknownSQLState, "This command is not supported in the prepared statement protocol yet")
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

// unknownFunctions are functions of MySQL that the library does not have, besides those of shapes.
const unknownFunctions = "addtime aes_decrypt aes_encrypt asymmetric_decrypt asymmetric_derive asymmetric_encrypt asymmetric_sign asymmetric_verify " +
	"benchmark can_access_column can_access_database can_access_table can_access_user can_access_view cume_dist current_role export_set extractvalue " +
	"format_bytes format_pico_time grouping gtid_subset icu_version insert interval make_set makedate maketime master_pos_wait name_const nth_value oct " +
	"period_add period_diff ps_current_thread_id ps_thread_id roles_graphml sec_to_time source_pos_wait statement_digest statement_digest_text subtime " +
	"to_seconds updatexml utc_date utc_time uuid_short wait_for_executed_gtid_set weight_string"

// numbered matches an error of this package that the library has turned into a syntax error, which is only text.
var numbered = regexp.MustCompile(`^(.*) \(errno (\d+)\) \(sqlstate (\w{5})\)$`)

// knownError is an error of the library that it gives no number, or a wrong one.
type knownError struct {
	message *regexp.Regexp
	error   func(message string) error
}

// knownErrors are told by their messages; the first that matches counts.
var knownErrors = []knownError{
	refuse(`panic`, "This statement"),
	refuse(`%!d\(MISSING\)|invalid children number|^unable to find field with index|^failed to resolve aggregate column`, "This combination of functions"),
	refuse(`\)" does not exist in scope, but there is an alias`, "The same function in two columns without names of their own"),
	refuse(`^string '(?s:.*)is too large for column`, "This use of a UNION of texts of different lengths"),
	refuse(`^invalid type: time\.Time`, "This use of a date"),
	refuse(`^invalid use of an interval`, "An interval in this place"),
	refuse(`^value not nil`, "A NULL in this row of values"),
	refuse(`^a range's order by must be one expression`, "A frame of RANGE with several orders"),
	refuse(`^an aggregation remained in the expression|^Unimplemented `, "This function over a window"),
	refuse(`^wrong type in collated expression`, "COLLATE of a value that is no text"),
	refuse(`^the schema of the left side of union`, "This UNION of values of different types"),
	refuse(`^time\.Time is not an exact number`, "This use of a date"),
	refuse(`^function 'DATETIME' expected 1`, "TIMESTAMP of a date and a time"),
	refuse(`^failed to compile format`, "Such a format of a date"),
	refuse(`^rule '|exprssion`, "This statement"),
	numberAs(1096, mysql.SSUnknownSQLState, `^No tables used`, "%s"),
	refuse(`^illegal base64`, "FROM_BASE64 of another text"),
	{regexp.MustCompile(`^unsupported feature: `), func(message string) error {
		return unsupported(strings.TrimPrefix(message, "unsupported feature: "))
	}},
	{regexp.MustCompile(`^function: '\w+' not found`), func(message string) error {
		name := strings.Split(message, "'")[1]
		if slices.Contains(strings.Fields(unknownFunctions), name) || strings.HasPrefix(name, "st_") || strings.HasPrefix(name, "mbr") {
			return unsupported("The function " + strings.ToUpper(name))
		}
		return mysql.NewSQLError(1305, mysql.SSClientError, "%s", message)
	}},
	numberAs(1222, "21000", `^cannot union two queries`, "The used SELECT statements have a different number of columns"),
	numberAs(mysql.ERParseError, mysql.SSClientError, `^syntax error|^max nesting level|^unbound variable`, "You have an error in your SQL syntax; %s"),
	numberAs(1065, mysql.SSClientError, `^empty statement`, "Query was empty"),
	numberAs(mysql.ERBadFieldError, mysql.SSBadFieldError, `could not be found in any table in scope$|" does not have column "|^column ordinal out of range`, "%s"),
	numberAs(mysql.ERNonUniq, mysql.SSConstraintViolation, `^ambiguous column|in order clause is ambiguous$`, "%s"),
	numberAs(1055, mysql.SSClientError, `doesn't appear in the group by expressions`, "%s"),
	numberAs(1066, mysql.SSClientError, `^Not unique table/alias`, "%s"),
	numberAs(1115, mysql.SSClientError, `^Unknown character set`, "%s"),
	numberAs(1191, mysql.SSUnknownSQLState, `^no matching Full-Text index`, "%s"),
	numberAs(mysql.ERUnknownSystemVariable, mysql.SSUnknownSQLState, `^Unknown system variable|^invalid system variable declaration`, "%s"),
	numberAs(1229, mysql.SSUnknownSQLState, `is a GLOBAL variable and should be set`, "%s"),
	numberAs(1231, mysql.SSClientError, `was not found in the set$|^Variable '(?s:.*)' can't be set to the value of`, "%s"),
	numberAs(3636, mysql.SSUnknownSQLState, `^WITH RECURSIVE iteration limit`, "Recursive query aborted after 1001 iterations. Try increasing @@cte_max_recursion_depth to a larger value."),
	numberAs(1238, mysql.SSUnknownSQLState, `is a read only variable$`, "%s"),
	numberAs(1243, mysql.SSUnknownSQLState, `^Unknown prepared statement handler`, "%s"),
	numberAs(1248, mysql.SSClientError, `^Every derived table must have its own alias`, "%s"),
	numberAs(1253, mysql.SSClientError, `is not valid for CHARACTER SET`, "%s"),
	numberAs(1273, mysql.SSUnknownSQLState, `^Unknown collation`, "%s"),
	numberAs(1305, mysql.SSClientError, `doesn't support stored procedures$`, "There are no procedures in this database"),
	numberAs(1367, "22007", `^strconv\.ParseFloat`, "Illegal double value found during parsing"),
	numberAs(1525, mysql.SSUnknownSQLState, `^Incorrect datetime value`, "%s"),
	numberAs(1582, mysql.SSClientError, `^function '(?s:.*)' expected `, "Incorrect parameter count: %s"),
	numberAs(3141, "22032", `couldn't convert to json`, "Invalid JSON text"),
	numberAs(3143, "42000", `Invalid JSON path expression`, "Invalid JSON path expression"),
	numberAs(3146, "22032", `^invalid data type for JSON data`, "%s"),
	numberAs(3153, "42000", `^The path expression '\$' is not allowed`, "%s"),
	numberAs(3154, "42000", `^the oneOrAll argument`, "%s"),
	numberAs(3691, mysql.SSUnknownSQLState, `^the given regular expression is invalid(?s:.*)(?:missing closing|unexpected) \)`, "Mismatched parenthesis in regular expression."),
	numberAs(3696, mysql.SSUnknownSQLState, `^the given regular expression is invalid(?s:.*)missing closing \]`, "The regular expression contains an unclosed bracket expression."),
	numberAs(3685, mysql.SSUnknownSQLState, `^the given regular expression is invalid|^Illegal argument to regular expression`, "Illegal argument to a regular expression."),
	numberAs(3699, mysql.SSUnknownSQLState, `^Timeout exceeded in regular expression match`, "%s"),
	numberAs(errInterrupted.Num, errInterrupted.State, `context canceled`, errInterrupted.Message),
	// What is left must not show how the library is made.
	refuse(`%!|\b(expression|plan|sql|strconv|types|reflect|runtime|sqlparser|planbuilder|memo)\.[A-Z]|interface conversion|runtime error`, "This statement"),
}

// refuse is an error of what the library cannot do.
func refuse(message, what string) knownError {
	return knownError{regexp.MustCompile(message), func(string) error { return unsupported(what) }}
}

// numberAs gives an error MySQL's number; the text may hold the message.
func numberAs(number int, state, message, text string) knownError {
	return knownError{regexp.MustCompile(message), func(message string) error {
		return mysql.NewSQLError(number, state, "%s", strings.Replace(text, "%s", message, 1))
	}}
}

// mysqlError is the error with MySQL's number for it, if the library gave it none.
func mysqlError(err error) error {
	var unknown *mysql.SQLError
	if !errors.As(err, &unknown) || unknown.Num != mysql.ERUnknownError && !strings.Contains(unknown.Message, "%!") {
		return err
	}
	message := unknown.Message
	if match := numbered.FindStringSubmatch(message); match != nil {
		number, _ := strconv.Atoi(match[2])
		return mysql.NewSQLError(number, match[3], "%s", match[1])
	}
	for _, known := range knownErrors {
		if known.message.MatchString(message) {
			return known.error(message)
		}
	}
	return unknown
}
