package flightsdb

import (
	"testing"

	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

// openGORM opens the database as GORM does by default: it asks for the version, and prepares its queries.
func openGORM(t *testing.T) *gorm.DB {
	t.Helper()
	addr := start(t, openflights.Sample()).Addr()
	db, err := gorm.Open(gormmysql.Open("root:"+password+"@tcp("+addr+")/flights?parseTime=true"),
		&gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return db
}

func TestGORMAssociations(t *testing.T) {
	var route model.Route
	err := openGORM(t).
		Preload("Carrier").Preload("Source.CountryRow").Preload("Dest.CountryRow").
		Where("src_ap = ? AND dst_ap = ? AND airline = ?", "LHR", "JFK", "BA").
		First(&route).Error
	if err != nil {
		t.Fatal(err)
	}
	if got, want := route.Carrier.Name, "British Airways"; got != want {
		t.Errorf("carrier: %s, want %s", got, want)
	}
	if got, want := route.Source.CountryRow.Code, "GB"; got != want {
		t.Errorf("country of the source: %s, want %s", got, want)
	}
	if got, want := route.Dest.CountryRow.Code, "US"; got != want {
		t.Errorf("country of the destination: %s, want %s", got, want)
	}
}

func TestGORMJoins(t *testing.T) {
	var routes []model.Route
	err := openGORM(t).Joins("Carrier").Joins("Source").Joins("Dest").
		Where("routes.src_ap = ? AND routes.dst_ap = ?", "LHR", "JFK").
		Order("Carrier.name").Find(&routes).Error
	if err != nil {
		t.Fatal(err)
	}
	if len(routes) != 4 || routes[0].Carrier.Name != "American Airlines" || routes[0].Source.IATA != "LHR" || routes[0].Dest.IATA != "JFK" {
		t.Errorf("routes with their associations: %+v", routes)
	}
}

func TestGORMReadsEveryRow(t *testing.T) {
	db, data := openGORM(t), openflights.Sample()
	for _, test := range []struct {
		model any
		want  int
	}{
		{&model.Airline{}, len(data.Airlines)},
		{&model.Airport{}, len(data.Airports)},
		{&model.Country{}, len(data.Countries)},
		{&model.Locale{}, len(data.Locales)},
		{&model.Route{}, len(data.Routes)},
	} {
		var got int64
		if err := db.Model(test.model).Count(&got).Error; err != nil {
			t.Error(err)
		}
		if got != int64(test.want) {
			t.Errorf("rows of %T: %d, want %d", test.model, got, test.want)
		}
	}
	var airport model.Airport
	if err := db.First(&airport, "iata = ?", "ZRH").Error; err != nil {
		t.Fatal(err)
	}
	for _, want := range data.Airports {
		want.CountryRow = nil
		if want.IATA == "ZRH" {
			if *airport.CountryCode != *want.CountryCode {
				t.Errorf("country code: %s, want %s", *airport.CountryCode, *want.CountryCode)
			}
			airport.CountryCode = want.CountryCode
			if airport != want {
				t.Errorf("airport:\n%+v\nwant\n%+v", airport, want)
			}
		}
	}
}

func TestGORMMigrator(t *testing.T) {
	db := openGORM(t)
	for _, model := range model.All() {
		if !db.Migrator().HasTable(model) {
			t.Errorf("no table for %T", model)
		}
		if _, err := db.Migrator().ColumnTypes(model); err != nil {
			t.Errorf("columns of %T: %v", model, err)
		}
		if _, err := db.Migrator().GetIndexes(model); err != nil {
			t.Errorf("indexes of %T: %v", model, err)
		}
	}
	if !db.Migrator().HasIndex(&model.Route{}, "routes_src_ap_dst_ap") {
		t.Error("no index routes_src_ap_dst_ap")
	}
	if !db.Migrator().HasConstraint(&model.Route{}, "fk_routes_carrier") {
		t.Error("no constraint fk_routes_carrier")
	}
}
