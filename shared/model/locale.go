package model

// Locale is a row of locales: a language of the user interface, such as en_US.
//
// Source: OpenFlights locales.dat.
type Locale struct {
	Locale string `gorm:"column:locale;primaryKey;size:16"`
	Name   string `gorm:"column:name;size:255;not null"`
}

// TableName is the table of the flights schema.
func (Locale) TableName() string { return "locales" }
