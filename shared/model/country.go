package model

// Country is a row of countries, keyed by its ISO 3166-1 alpha-2 code.
//
// Source: OpenFlights countries.dat. DST is the letter of the daylight saving scheme.
type Country struct {
	Code   string  `gorm:"column:code;primaryKey;size:8"`
	Name   string  `gorm:"column:name;size:255;not null;index:countries_name"`
	OACode *string `gorm:"column:oa_code;size:8"`
	DST    string  `gorm:"column:dst;type:char(1);not null"`
}

// TableName is the table of the flights schema.
func (Country) TableName() string { return "countries" }
