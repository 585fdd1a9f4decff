package flightsdb

import "time"

// limits are the resources that a server lets its clients use.
type limits struct {
	// connections is how many are open at once.
	connections int
	// login is how long a client may take to log in.
	login time.Duration
	// statement is how long a statement may take, its answer included.
	statement time.Duration
	// grace is how long a statement that was told to end may take to do so.
	grace time.Duration
	// memory is how many bytes the process may use while statements run; beyond that, they are ended.
	memory uint64
}

// defaultLimits are those of Start. MySQL has the same for the login, its connect_timeout.
var defaultLimits = limits{connections: 1000, login: 10 * time.Second, statement: 30 * time.Second, grace: time.Second, memory: 160 << 20}

const (
	// maxPacket is the longest packet in bytes, max_allowed_packet, and maxLogin the longest before the login.
	maxPacket = 1 << 20
	maxLogin  = 16 << 10
	// maxInFlight is how many bytes all clients together may have on their way to the server.
	maxInFlight = 32 << 20
	// maxPrepared bounds the prepared statements of a connection, maxPreparedText the length of each in bytes, and
	// maxPreparedTexts the sum of the lengths over all connections: the parsed statements take fifty times as much.
	maxPrepared      = 1000
	maxPreparedText  = 64 << 10
	maxPreparedTexts = 2 << 20
	// maxVariables bounds the user variables of all connections in bytes, and maxSetting a session variable.
	maxVariables = 16 << 20
	maxSetting   = 4 << 10
	// maxRunaways bounds the statements that go on after their end, because nothing stops them before their next row.
	maxRunaways = 8
	// smallText is how long a statement may be to run at once, in bytes. Larger ones wait until the sum of those that run is below largeTexts:
	// each takes a hundred times its length in memory, and up to half a second in which nothing stops it.
	smallText  = 4 << 10
	largeTexts = 512 << 10
)

// The limits of what the library plans in about half a second. A join of the five tables, with a country for each airport
// and a subquery or two, is far below them.
const (
	// maxDepth bounds how deep expressions nest, 1+1+1+... included: the time to plan grows with the square, and in
	// the end the stack overflows, which no recover catches.
	maxDepth = 600
	// unionDepth is how many levels a UNION counts as: the time to plan grows with the cube of their number.
	unionDepth = 5
	// maxTokens bounds the words of a statement: each takes memory while it is parsed and planned.
	maxTokens = 200_000
	// maxColumns bounds the columns of all SELECTs, as MySQL does for one, and maxWindows their window functions: the time to
	// plan grows with the square.
	maxColumns = 4096
	maxWindows = 60
	// maxTables bounds the tables of a statement: the time to order their joins triples with each.
	maxTables = 9
	// maxSelects bounds how deep SELECTs nest: the time grows by the factor 2 to 3 with each level.
	maxSelects = 8
)
