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
	// memory is how many bytes the process may use while statements run; beyond that, they are ended.
	memory uint64
}

// defaultLimits are those of Start. MySQL has the same for the login, its connect_timeout.
var defaultLimits = limits{connections: 1000, login: 10 * time.Second, statement: 30 * time.Second, memory: 1 << 30}

const (
	// maxPacket is the longest packet in bytes, max_allowed_packet, and maxLogin the longest before the login.
	maxPacket = 1 << 20
	maxLogin  = 16 << 10
	// maxPrepared bounds the prepared statements of a connection.
	maxPrepared = 1000
)

// The limits of what the library plans in about half a second. A join of the five tables, with a country for each airport
// and a subquery or two, is far below them.
const (
	// maxDepth bounds how deep expressions nest, 1+1+1+... included: the time to plan grows with the square, and in
	// the end the stack overflows, which no recover catches.
	maxDepth = 600
	// unionDepth is how many levels a UNION counts as: the time to plan grows with the cube of their number.
	unionDepth = 5
	// maxTables bounds the tables of a statement: the time to order their joins triples with each.
	maxTables = 9
	// maxSelects bounds how deep SELECTs nest: the time grows by the factor 2 to 3 with each level.
	maxSelects = 8
)
