// The fields of one message of a kind, in the order of Istio's proto.
// The reader asks it for every key it meets; keys it does not know never reach a decoder.

final class MessageTable: Sendable {
    /// Istio's or Kubernetes' name of the message.
    let name: String
    /// Fields that are not in the table are passed over in silence: Kubernetes' own kinds.
    let isOpen: Bool
    let fields: [FieldRow]
    /// The field that somebody means who writes a value where the message should be.
    let usualField: String?
    private let names: [[UInt8]]

    init(
        _ name: String, isOpen: Bool = false, usualField: String? = nil, _ fields: [FieldRow]
    ) {
        self.name = name
        self.isOpen = isOpen
        self.usualField = usualField
        self.fields = fields
        names = fields.map { Array($0.name.utf8) }
    }

    /// The row of the field with this name.
    func index(of name: ArraySlice<UInt8>) -> Int? {
        for index in names.indices
        where names[index].count == name.count && names[index].elementsEqual(name) {
            return index
        }
        return nil
    }

    func field(named name: String) -> FieldRow? {
        fields.first { $0.name == name }
    }
}
