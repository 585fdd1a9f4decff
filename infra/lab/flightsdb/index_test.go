package flightsdb

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dolthub/go-mysql-server/sql"

	"chaosworkshop/shared/model"
)

// routesTable is a table of random routes with few distinct values, some of which differ only in case, and nulls.
func routesTable(t *testing.T, count int) (*table, []model.Route) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	codes := []string{"", "a", "A", "b", "é", "E", "ab", "AB", "ß", "ss", "z", "日"}
	routes := make([]model.Route, count)
	for i := range routes {
		routes[i] = model.Route{RID: i, SrcAP: codes[random.IntN(len(codes))], DstAP: codes[random.IntN(len(codes))]}
		if id := random.IntN(9) - 2; id > -2 {
			routes[i].SrcAPID = &id
		}
	}
	table, err := newTable(routes)
	if err != nil {
		t.Fatal(err)
	}
	return table, routes
}

// TestOrder sorts as the types of the columns compare: by case and accent not at all.
func TestOrder(t *testing.T) {
	table, routes := routesTable(t, 2000)
	typ := table.columns[table.columns.IndexOfColName("src_ap")].Type
	compare := func(a, b string) int {
		result, err := typ.Compare(t.Context(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	got := sortRows(table, []int{table.columns.IndexOfColName("src_ap"), table.columns.IndexOfColName("dst_ap")})
	want := make([]int32, len(routes))
	for i := range want {
		want[i] = int32(i)
	}
	slices.SortStableFunc(want, func(a, b int32) int {
		return cmp.Or(compare(routes[a].SrcAP, routes[b].SrcAP), compare(routes[a].DstAP, routes[b].DstAP))
	})
	if !slices.Equal(got, want) {
		t.Error("the order differs from a stable sort by the columns")
	}
}

// TestBetween finds what a scan with the same conditions finds, for every kind of bound.
func TestBetween(t *testing.T) {
	table, routes := routesTable(t, 500)
	ctx := sql.NewEmptyContext()
	source, id := table.columns.IndexOfColName("src_ap"), table.columns.IndexOfColName("src_apid")
	index := newIndex(table, "", []int{source, id})
	texts := bounds("", "A", "b", "e", "Z", "missing")
	numbers := append(bounds(int64(-1), int64(3), 2.5, int64(99)),
		sql.NullRangeColumnExpr(nil), sql.NotNullRangeColumnExpr(nil))
	for _, text := range append(texts, sql.AllRangeColumnExpr(nil)) {
		for _, number := range append(numbers, sql.AllRangeColumnExpr(nil)) {
			found, err := index.between(ctx, sql.MySQLRange{text, number})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Sorted(slices.Values(found))
			var want []int32
			for row, route := range routes {
				value := any(nil)
				if route.SrcAPID != nil {
					value = int64(*route.SrcAPID)
				}
				if within(t, text, table.columns[source].Type, route.SrcAP) && within(t, number, table.columns[id].Type, value) {
					want = append(want, int32(row))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("between %v and %v: %d rows, want %d", text, number, len(got), len(want))
			}
		}
	}
}

// bounds are ranges that begin or end at the values, with and without them.
func bounds(values ...any) []sql.MySQLRangeColumnExpr {
	var ranges []sql.MySQLRangeColumnExpr
	for _, value := range values {
		ranges = append(ranges,
			sql.ClosedRangeColumnExpr(value, value, nil), sql.OpenRangeColumnExpr(value, value, nil),
			sql.LessThanRangeColumnExpr(value, nil), sql.LessOrEqualRangeColumnExpr(value, nil),
			sql.GreaterThanRangeColumnExpr(value, nil), sql.GreaterOrEqualRangeColumnExpr(value, nil))
	}
	return ranges
}

// within tells whether a value lies in a range, by the library's own comparison of bounds.
func within(t *testing.T, columns sql.MySQLRangeColumnExpr, typ sql.Type, value any) bool {
	t.Helper()
	var below, above sql.MySQLRangeCut = sql.Below{Key: value}, sql.Above{Key: value}
	if value == nil {
		below, above = sql.BelowNull{}, sql.AboveNull{}
	}
	low, err := columns.LowerBound.Compare(below, typ)
	if err != nil {
		t.Fatal(err)
	}
	high, err := columns.UpperBound.Compare(above, typ)
	if err != nil {
		t.Fatal(err)
	}
	return low <= 0 && high >= 0
}
