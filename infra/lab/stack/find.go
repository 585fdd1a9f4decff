package stack

import (
	"fmt"
	"net"
	"strconv"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// Toxiproxy is a client of the Toxiproxy of this folder, whether it runs or not: of the one that the settings name, or else of the one
// that runs. The error, which comes with a client too, says that it is another folder's.
func Toxiproxy() (*toxi.Client, error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	client := toxi.NewClient("http://" + port.Reachable(address(cfg.Bind, cfg.ToxiproxyPort)))
	folder, err := othersPort("TOXIPROXY_PORT", cfg.ToxiproxyPort)
	if err == nil && folder != "" {
		err = fmt.Errorf("no Toxiproxy runs in this folder, and the one at %s belongs to the workshop in %s; start `make infra` or `make exercise1` here",
			client.URL(), folder)
	}
	return client, err
}

// AppURL is the address of the exercise of this folder. The error says that another folder's would answer there.
func AppURL() (string, error) {
	app, err := config.Load[config.App]()
	if err != nil {
		return "", err
	}
	url := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(app.Port))
	folder, err := othersPort("PORT", app.Port)
	if err == nil && folder != "" {
		err = fmt.Errorf("no exercise runs in this folder, and the one at %s belongs to the workshop in %s; start one here, such as `make exercise1`", url, folder)
	}
	return url, err
}

// othersPort is the other folder that holds the port. It is empty if none does, or if the user chose the port.
func othersPort(variable string, number int) (folder string, err error) {
	chosen, err := config.Chosen()
	if err != nil || chosen[variable] != "" {
		return "", err
	}
	root, err := config.Root()
	if err != nil {
		return "", nil // An image has the program alone, without a folder.
	}
	return running.Elsewhere(root)[number], nil
}
