package cmd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/lab/openflights"
)

func TestData(t *testing.T) {
	content := map[string]string{
		"/airlines.dat":  `7,"Some Air",\N,"SO","SOM","SOMEAIR","Atlantis","Y"` + "\nnonsense\n",
		"/airports.dat":  `1,"East","Eastham","Atlantis","EAS","XEAS",1.5,-2.25,33,-3.5,"E","Europe/London","airport","x"` + "\n",
		"/countries.dat": `"Atlantis","AT","XA"` + "\n",
		"/locales.dat":   `"en_XX","English"` + "\n",
		"/routes.dat":    `SO,7,EAS,1,EAS,1,,0,320` + "\n",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(content[r.URL.Path]))
	}))
	defer server.Close()
	source := openflights.Published()
	source.URL = server.URL + "/"
	for i := range source.Files {
		source.Files[i].Rows = 1
	}
	dir := t.TempDir()
	for _, asJSON := range []bool{false, true} {
		var out, progress bytes.Buffer
		command := &cobra.Command{}
		command.SetContext(t.Context())
		command.SetOut(&out)
		command.SetErr(&progress)
		if err := downloadData(command, source, dir, asJSON); err != nil {
			t.Fatal(err)
		}
		if want := "routes.dat: "; !strings.Contains(progress.String(), want) {
			t.Errorf("progress lacks %q:\n%s", want, progress.String())
		}
		if asJSON {
			var report openflights.Report
			if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Rejected() != 1 {
				t.Errorf("%v, %d rows rejected, want 1:\n%s", err, report.Rejected(), out.String())
			}
			continue
		}
		for _, want := range []string{"airlines.dat: 1 of 2 rows, 1 rejected\n", "OPENFLIGHTS_DIR=data/openflights"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("output lacks %q:\n%s", want, out.String())
			}
		}
	}
}
