package io.nanogrid.gateway.http;

import io.nanogrid.gateway.wire.Bytes;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// An answer that is given again to whoever repeats the call.
record KeptResponse(int status, List<Header> headers, Bytes body) {

    KeptResponse {
        headers = List.copyOf(headers);
    }

    /// @param added whether it stands beside others of its name, and not in their place
    record Header(String name, String value, boolean added) {
    }

    static KeptResponse json(int status, byte[] body) {
        return new KeptResponse(status, List.of(new Header("Content-Type", "application/json", false)),
                Bytes.wrap(body));
    }

    void write(DataOutputStream out) throws IOException {
        out.writeShort(status);
        out.writeShort(headers.size());
        for (Header header : headers) {
            out.writeUTF(header.name());
            out.writeUTF(header.value());
            out.writeBoolean(header.added());
        }
        out.write(body.array());
    }

    static KeptResponse read(DataInputStream in) throws IOException {
        int status = in.readUnsignedShort();
        int count = in.readUnsignedShort();
        List<Header> headers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            headers.add(new Header(in.readUTF(), in.readUTF(), in.readBoolean()));
        }
        return new KeptResponse(status, headers, Bytes.wrap(in.readAllBytes()));
    }
}
