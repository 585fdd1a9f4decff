package flightsdb

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// kind is how two values are compared.
type kind int

const (
	// other is what the library compares.
	other kind = iota
	text
	exact // Whole numbers and decimals.
	float
	temporal
)

// notText is for expressions that make no texts.
type notText struct{}

// CollationCoercibility implements sql.CollationCoercible.
func (notText) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 5
}

// kindOf is the kind of the values of a type.
func kindOf(typ sql.Type) kind {
	switch {
	case types.IsEnum(typ), types.IsSet(typ), types.IsBit(typ), types.IsJSON(typ), types.IsTuple(typ), types.IsBinaryType(typ):
		return other
	case types.IsTextOnly(typ):
		return text
	case types.IsInteger(typ), types.IsDecimal(typ):
		return exact
	case types.IsFloat(typ):
		return float
	case types.IsDatetimeType(typ), types.IsDateType(typ), types.IsTimestampType(typ):
		return temporal
	}
	return other
}

// common is how values of two kinds are compared: texts with numbers as floating-point numbers.
func common(a, b kind) kind {
	switch {
	case a == other || b == other:
		return other
	case a == b:
		return a
	case a == temporal && b == text, a == text && b == temporal:
		return temporal
	case a == temporal || b == temporal:
		return other
	}
	return float
}

// keyOfValue is the same for values that are equal as that kind, and only for those. The value is not NULL.
func keyOfValue(ctx *sql.Context, k kind, collation sql.CollationID, value any) (string, error) {
	value, err := sql.UnwrapAny(ctx, value)
	if err != nil {
		return "", err
	}
	switch k {
	case text:
		return textKey(collation, fmt.Sprint(value)), nil
	case exact:
		number, err := toDecimal(value)
		return number.String(), err
	case float:
		number, err := toFloat(value)
		if number == 0 {
			number = 0 // Not -0.
		}
		return strconv.FormatUint(math.Float64bits(number), 36), err
	case temporal:
		if at, ok := value.(time.Time); ok {
			return strconv.FormatInt(at.UnixMicro(), 36), nil
		}
		at, _, err := types.DatetimeMaxPrecision.Convert(ctx, value)
		if err != nil {
			// Not a time: equal to none.
			return "?" + fmt.Sprint(value), nil
		}
		return strconv.FormatInt(at.(time.Time).UnixMicro(), 36), nil
	}
	return "", fmt.Errorf("compare %T", value)
}

// textKey is the same for texts that are equal in the collation.
func textKey(collation sql.CollationID, s string) string {
	weight := collation.Sorter()
	if weight == nil {
		return s
	}
	var key strings.Builder
	key.Grow(4 * len(s))
	for _, letter := range s {
		w := weight(letter)
		key.Write([]byte{byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w)})
	}
	return key.String()
}

// toDecimal is an exact number.
func toDecimal(value any) (decimal.Decimal, error) {
	switch value := value.(type) {
	case decimal.Decimal:
		return value, nil
	case bool:
		if value {
			return decimal.NewFromInt(1), nil
		}
		return decimal.Zero, nil
	case uint64:
		return decimal.NewFromBigInt(new(big.Int).SetUint64(value), 0), nil
	case uint:
		return decimal.NewFromBigInt(new(big.Int).SetUint64(uint64(value)), 0), nil
	// The library's expressions return other values than their types say now and then.
	case float64:
		return decimal.NewFromFloat(value).Truncate(types.DecimalTypeMaxScale), nil
	case float32:
		return decimal.NewFromFloat32(value).Truncate(types.DecimalTypeMaxScale), nil
	case string:
		return decimal.NewFromString(value)
	}
	number, ok := toInt64(value)
	if !ok {
		return decimal.Zero, fmt.Errorf("%T is not an exact number", value)
	}
	return decimal.NewFromInt(number), nil
}

// toInt64 is a whole number that fits.
func toInt64(value any) (int64, bool) {
	switch value := value.(type) {
	case int64:
		return value, true
	case int:
		return int64(value), true
	case int32:
		return int64(value), true
	case int16:
		return int64(value), true
	case int8:
		return int64(value), true
	case uint32:
		return int64(value), true
	case uint16:
		return int64(value), true
	case uint8:
		return int64(value), true
	}
	return 0, false
}

// leadingNumber is what MySQL reads of a text that it takes for a number.
var leadingNumber = regexp.MustCompile(`^[ \t\r\n]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`)

// toFloat is a value as a floating-point number: 0 for a text that does not begin with one.
func toFloat(value any) (float64, error) {
	switch value := value.(type) {
	case float64:
		return value, nil
	case float32:
		return float64(value), nil
	case decimal.Decimal:
		return value.InexactFloat64(), nil
	case bool:
		if value {
			return 1, nil
		}
		return 0, nil
	case string:
		number, err := strconv.ParseFloat(strings.TrimSpace(leadingNumber.FindString(value)), 64)
		if err != nil && !math.IsInf(number, 0) {
			return 0, nil
		}
		return max(min(number, math.MaxFloat64), -math.MaxFloat64), nil
	case []byte:
		return toFloat(string(value))
	}
	exact, err := toDecimal(value)
	return exact.InexactFloat64(), err
}
