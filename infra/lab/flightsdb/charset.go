package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/encodings"
	"github.com/dolthub/vitess/go/mysql"
)

// charsetNamed is how the client with that character_set_client writes its statements; nil is UTF-8.
func charsetNamed(name string) encodings.Encoder {
	id, err := sql.ParseCharacterSet(name)
	if err != nil || id == sql.CharacterSet_utf8mb4 || id == sql.CharacterSet_utf8mb3 || id == sql.CharacterSet_binary {
		return nil
	}
	return id.Encoder()
}

// decode is a text of the client in UTF-8: the library takes all for UTF-8.
func (c *conn) decode(text string) (string, error) {
	if c.charset == nil {
		return text, nil
	}
	decoded, ok := c.charset.Decode([]byte(text))
	if !ok {
		return "", mysql.NewSQLError(1300, mysql.SSUnknownSQLState, "Invalid character string: it is not in character_set_client")
	}
	return string(decoded), nil
}

// encode undoes decode.
func (c *conn) encode(text string) string {
	if c.charset == nil {
		return text
	}
	encoded, ok := c.charset.Encode([]byte(text))
	if !ok {
		return text
	}
	return string(encoded)
}
