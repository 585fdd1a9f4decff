package model

// Airport is a row of airports: where routes start and end.
//
// X is the longitude and Y the latitude in decimal degrees, Elevation is in feet, Timezone in hours from UTC, TZID an
// Olson name. Source: OpenFlights airports.dat.
type Airport struct {
	APID        int      `gorm:"column:apid;primaryKey;autoIncrement:false"`
	Name        string   `gorm:"column:name;size:255;not null"`
	City        string   `gorm:"column:city;size:255;not null"`
	Country     string   `gorm:"column:country;size:255;not null"`
	IATA        string   `gorm:"column:iata;size:8;not null;index:airports_iata"`
	ICAO        string   `gorm:"column:icao;size:8;not null;index:airports_icao"`
	X           float64  `gorm:"column:x;type:double;not null"`
	Y           float64  `gorm:"column:y;type:double;not null"`
	Elevation   int      `gorm:"column:elevation;not null"`
	UID         *int     `gorm:"column:uid"`
	Timezone    float32  `gorm:"column:timezone;type:float;not null"`
	DST         string   `gorm:"column:dst;type:char(1);not null"`
	TZID        string   `gorm:"column:tz_id;size:64;not null"`
	Type        string   `gorm:"column:type;size:32;not null"`
	Source      string   `gorm:"column:source;size:32;not null"`
	CountryCode *string  `gorm:"column:country_code;size:8;index:airports_country_code"`
	CountryRow  *Country `gorm:"foreignKey:CountryCode;references:Code"`
}

// TableName is the table of the flights schema.
func (Airport) TableName() string { return "airports" }
