package flightsdb

import "time"

// limits are what a server lets its clients take.
type limits struct {
	// connections is how many are open at once.
	connections int
	// login is how long a client may take to log in.
	login time.Duration
	// statement is how long a statement may take, its answer included.
	statement time.Duration
	// memory is how many bytes the process may use while statements run; more ends them.
	memory uint64
}

// defaultLimits are those of Start. MySQL has the same for the login, its connect_timeout.
var defaultLimits = limits{connections: 1000, login: 10 * time.Second, statement: 30 * time.Second, memory: 1 << 30}

const (
	// maxPacket is the longest packet in bytes, max_allowed_packet, and maxLogin the longest of one who has not logged in.
	maxPacket = 1 << 20
	maxLogin  = 16 << 10
	// maxPrepared bounds the prepared statements of a connection.
	maxPrepared = 1000
)

// What the library plans in about half a second. A join of the five tables, with a country for each airport and a
// subquery or two, is far below.
const (
	// maxDepth bounds how deep expressions nest, 1+1+1+... included: planning takes the square of it, and overflows the
	// stack in the end, which no recover catches.
	maxDepth = 600
	// unionDepth is by how much a UNION nests deeper than an expression: planning takes the cube of their number.
	unionDepth = 5
	// maxTables bounds the tables of a statement: the time to order their joins grows by the factor 3 with each.
	maxTables = 9
	// maxSelects bounds how deep SELECTs nest: the time grows by the factor 2 to 3 with each level.
	maxSelects = 8
)
