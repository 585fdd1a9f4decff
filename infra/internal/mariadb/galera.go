package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"chaosworkshop/infra/internal/require"
)

// Cluster is three MariaDB servers that replicate to each other with Galera. A client may use any of them.
type Cluster struct {
	// Nodes are the servers.
	Nodes []*Node
	// Password is the password of root.
	Password string
}

// Node is one server of a Cluster.
type Node struct {
	// Addr is its host and port, for clients.
	Addr string

	program   string
	arguments []string
	server    *server // The one that runs, or that was killed.
}

// StartCluster runs a Cluster with an empty database flights and those options until the test ends. The SQL runs when it starts.
// Where MariaDB or Galera is not installed the test ends as require.Missing says.
func StartCluster(t testing.TB, sql string, options ...string) *Cluster {
	t.Helper()
	if _, err := os.Stat("/usr/lib/galera/libgalera_smm.so"); err != nil {
		require.Missing(t, "Galera (Debian's package galera-4)")
	}
	cluster := &Cluster{Password: password}
	sql = initSQL + sql
	var group []string
	for range 3 {
		// Not root: the rsync between the nodes gives up root's rights, and then cannot write root's files.
		program, arguments := prepare(t, "mysql", sql)
		sql = "" // What the first node has, the others get from it.
		node := &Node{Addr: require.FreeAddress(t), program: program}
		_, clients, _ := net.SplitHostPort(node.Addr)
		peers := require.FreeAddress(t)
		group = append(group, peers)
		node.arguments = slices.Concat(arguments, options, []string{"--port=" + clients,
			"--wsrep-node-address=" + peers, "--wsrep-sst-receive-address=" + require.FreeAddress(t),
			"--wsrep-provider-options=gcache.size=16M;gmcast.listen_addr=tcp://" + peers + ";ist.recv_addr=" + require.FreeAddress(t)})
		cluster.Nodes = append(cluster.Nodes, node)
	}
	t.Cleanup(func() {
		for _, node := range cluster.Nodes {
			if node.server != nil {
				node.Kill()
			}
		}
	})
	for i, node := range cluster.Nodes {
		node.arguments = append(node.arguments, "--wsrep-cluster-address=gcomm://"+strings.Join(group, ","))
		arguments := node.arguments
		if i == 0 {
			arguments = append(arguments, "--wsrep-new-cluster")
		}
		if err := node.start(arguments); err != nil {
			t.Fatal(err)
		}
	}
	return cluster
}

// Start starts a node that was killed, and returns when it is part of the cluster again.
func (n *Node) Start(t testing.TB) {
	t.Helper()
	if err := n.start(n.arguments); err != nil {
		t.Fatal(err)
	}
}

func (n *Node) start(arguments []string) (err error) {
	if n.server, err = run(n.program, arguments); err != nil {
		return err
	}
	return n.server.await(n.Addr, ready)
}

// ready tells whether a node is part of a cluster that has a quorum.
func ready(ctx context.Context, db *sql.DB) error {
	var name, value string
	if err := db.QueryRowContext(ctx, "SHOW STATUS LIKE 'wsrep_ready'").Scan(&name, &value); err != nil {
		return err
	}
	if value != "ON" {
		return errors.New("the node is not part of a cluster with a quorum")
	}
	return nil
}

// Kill ends the node as a crash would.
func (n *Node) Kill() { n.server.kill() }
