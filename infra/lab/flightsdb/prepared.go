package flightsdb

import (
	"sync"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/vitess/go/mysql"
)

// prepared bounds the prepared statements, those of the protocol and those of PREPARE. The engine keeps them for as long
// as the connection is open, even those that the client has closed.
type prepared struct {
	cache *sqle.PreparedDataCache

	mutex sync.Mutex
	// byProtocol are the sums of the lengths of the open statements of each connection, bySQL the lengths by their names.
	byProtocol map[uint32]int
	bySQL      map[uint32]map[string]int
}

func newPrepared(cache *sqle.PreparedDataCache) *prepared {
	return &prepared{cache: cache, byProtocol: map[uint32]int{}, bySQL: map[uint32]map[string]int{}}
}

// makeRoom refuses the last prepared statement of the connection if it is beyond the limit, and drops those that the client
// has closed.
func (p *prepared) makeRoom(c *mysql.Conn) error {
	open, length := map[string]bool{}, 0
	for _, statement := range c.PrepareData {
		open[statement.PrepareStmt] = true
		length += len(statement.PrepareStmt)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.byProtocol[c.ConnectionID] = length
	if len(c.PrepareData) > maxPrepared || p.sum() > maxPreparedTexts {
		return errTooManyPrepared
	}
	kept := p.cache.CachedStatementsForSession(c.ConnectionID)
	keptLength := 0
	for query := range kept {
		keptLength += len(query)
	}
	if len(kept) <= maxPrepared && keptLength <= length+maxPreparedText {
		return nil
	}
	for query := range kept {
		if _, named := p.bySQL[c.ConnectionID][query]; !named && !open[query] {
			p.cache.UncacheStmt(c.ConnectionID, query)
		}
	}
	return nil
}

// name refuses a statement of PREPARE with that text beyond the limit.
func (p *prepared) name(connection uint32, name, text string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	names := p.bySQL[connection]
	if names == nil {
		names = map[string]int{}
		p.bySQL[connection] = names
	}
	kept := p.cache.CachedStatementsForSession(connection)
	for old := range names {
		if kept[old] == nil {
			delete(names, old)
		}
	}
	names[name] = len(text)
	if len(names) > maxPrepared || len(text) > maxPreparedText || p.sum() > maxPreparedTexts {
		delete(names, name)
		return errTooManyPrepared
	}
	return nil
}

// sum is the length of all statements.
func (p *prepared) sum() int {
	sum := 0
	for _, length := range p.byProtocol {
		sum += length
	}
	for _, names := range p.bySQL {
		for _, length := range names {
			sum += length
		}
	}
	return sum
}

// forget is called when a connection ends.
func (p *prepared) forget(connection uint32) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.byProtocol, connection)
	delete(p.bySQL, connection)
}
