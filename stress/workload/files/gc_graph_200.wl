# 217 objects on three p's, and one whole collection with two goroutines that walk meanwhile. The measure of what
# the collector's oracles cost: gauntlet bench engine.
workload gc_graph_200
procs 3
sizes tiny
goroutine main
    gcpercent off
    new root 8
    loop 24
        new node 8
        load old root 0
        link node 0 old
        link root 0 node
        new leaf 0
        link node 1 leaf
        new leaf 1
        link node 2 leaf
        new leaf 2
        link node 3 leaf
        new leaf 3
        link node 4 leaf
        new leaf 1
        link node 5 leaf
        new leaf 1
        link node 6 leaf
        new leaf 1
        link node 7 leaf
        new leaf 1
        link leaf 0 node
    end
    global graph root
    drop old
    drop leaf
    drop node
    go walker 2
    gc
    wait
    look root
goroutine walker
    fetch at graph
    load at at 0
    loop 8
        load leaf at 7
        look leaf
        unlink at 7
        load at at 0
        link at 1 leaf
    end
