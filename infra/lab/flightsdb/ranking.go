package flightsdb

import (
	"cmp"
	"encoding/binary"
	"reflect"
	"slices"
	"sort"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// ranking numbers the distinct values of a column in their order. Rank 0 is NULL; equal values have equal ranks.
type ranking struct {
	typ    sql.Type
	values []any   // By rank.
	of     []int32 // By row.
}

func newRanking(t *table, column int) *ranking {
	r := &ranking{typ: t.columns[column].Type, values: []any{nil}, of: make([]int32, t.rows.Len())}
	field := t.fields[column]
	at := func(row int) reflect.Value { return reflect.Indirect(t.rows.Index(row).Field(field)) }
	if types.IsText(r.typ) {
		rank(r, at, reflect.Value.String, weights)
	} else {
		rank(r, at, reflect.Value.Int, func(number int64) int64 { return number })
	}
	return r
}

// rank fills the ranking from the values of the rows. Only the distinct values are sorted, by their keys.
func rank[V comparable, K cmp.Ordered](r *ranking, at func(row int) reflect.Value, get func(reflect.Value) V, key func(V) K) {
	const null = -1
	ids := map[V]int32{}
	var values []V
	var keys []K
	for row := range r.of {
		field := at(row)
		if !field.IsValid() {
			r.of[row] = null
			continue
		}
		value := get(field)
		id, ok := ids[value]
		if !ok {
			id = int32(len(values))
			ids[value] = id
			values, keys = append(values, value), append(keys, key(value))
		}
		r.of[row] = id
	}
	sorted := make([]int32, len(values))
	for id := range sorted {
		sorted[id] = int32(id)
	}
	slices.SortFunc(sorted, func(a, b int32) int { return cmp.Compare(keys[a], keys[b]) })
	ranks := make([]int32, len(values))
	for i, id := range sorted {
		if i == 0 || keys[id] != keys[sorted[i-1]] {
			r.values = append(r.values, values[id])
		}
		ranks[id] = int32(len(r.values) - 1)
	}
	for row, id := range r.of {
		if id == null {
			r.of[row] = 0
		} else {
			r.of[row] = ranks[id]
		}
	}
}

// weights is a text in a form that sorts as the collation sorts the text: four bytes a letter.
func weights(text string) string {
	weight := collation.Sorter()
	key := make([]byte, 0, 4*len(text))
	for _, letter := range text {
		key = binary.BigEndian.AppendUint32(key, uint32(weight(letter)))
	}
	return string(key)
}

// sort returns the rows in the order of their ranks; rows of one rank keep their order.
func (r *ranking) sort(rows []int32) []int32 {
	starts := make([]int, len(r.values)+1)
	for _, rank := range r.of {
		starts[rank+1]++
	}
	for rank := range r.values {
		starts[rank+1] += starts[rank]
	}
	sorted := make([]int32, len(rows))
	for _, row := range rows {
		rank := r.of[row]
		sorted[starts[rank]] = row
		starts[rank]++
	}
	return sorted
}

// cut returns the rows whose rank is at least from and less than to; the rows are in the order of their ranks.
func (r *ranking) cut(rows []int32, from, to int32) []int32 {
	start := sort.Search(len(rows), func(i int) bool { return r.of[rows[i]] >= from })
	end := start + sort.Search(len(rows)-start, func(i int) bool { return r.of[rows[start+i]] >= to })
	return rows[start:end]
}

// position is the first rank above a cut of the line of all values.
func (r *ranking) position(ctx *sql.Context, cut sql.MySQLRangeCut) (int32, error) {
	switch cut := cut.(type) {
	case sql.BelowNull:
		return 0, nil
	case sql.AboveNull:
		return 1, nil
	case sql.Below:
		return r.search(ctx, cut.Key, 0)
	case sql.Above:
		return r.search(ctx, cut.Key, 1)
	default:
		return int32(len(r.values)), nil
	}
}

// search is the first rank whose value compares to the key with at least that result.
func (r *ranking) search(ctx *sql.Context, key any, result int) (int32, error) {
	var failed error
	rank := 1 + sort.Search(len(r.values)-1, func(i int) bool {
		compared, err := r.typ.Compare(ctx, r.values[i+1], key)
		if err != nil {
			failed = err
		}
		return compared >= result
	})
	return int32(rank), failed
}
