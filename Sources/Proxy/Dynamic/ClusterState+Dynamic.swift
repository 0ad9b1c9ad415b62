// A cluster whose endpoints are the hosts that requests name, as its configuration comes and goes.
// What is open stays open as long as its host may be called at all.
import Mesh

extension ClusterState {
    func adoptDynamic() {
        guard let settings = cluster.dynamic else {
            dynamic?.retire()
            dynamic = nil
            return
        }
        if let dynamic {
            if dynamic.settings !== settings { dynamic.adopt(settings) }
        } else {
            dynamic = DynamicHostTable(settings, of: self)
        }
    }
}
