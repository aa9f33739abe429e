package io.nanogrid.gateway.engine.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// A classic BPF program over `struct seccomp_data`, built instruction by instruction. Jumps only skip forward over what
/// is returned or checked next, so that no labels are needed.
final class BpfProgram {

    /// Offsets in `struct seccomp_data`, on a little-endian machine.
    static final int SYSCALL = 0;
    static final int ARCHITECTURE = 4;

    private static final int LOAD = 0x20;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_GREATER = 0x25;
    private static final int JUMP_ANY_BIT = 0x45;
    private static final int RETURN = 0x06;

    private record Instruction(int code, int ifTrue, int ifFalse, int operand) {
    }

    private final List<Instruction> instructions = new ArrayList<>();

    static int lowHalf(int argument) {
        return 16 + 8 * argument;
    }

    static int highHalf(int argument) {
        return lowHalf(argument) + 4;
    }

    BpfProgram load(int offset) {
        return add(LOAD, 0, 0, offset);
    }

    BpfProgram giveBack(int action) {
        return add(RETURN, 0, 0, action);
    }

    BpfProgram ifEqual(int value, BpfProgram then) {
        return add(JUMP_EQUAL, 0, then.length(), value).append(then);
    }

    BpfProgram unlessEqual(int value, BpfProgram then) {
        return add(JUMP_EQUAL, then.length(), 0, value).append(then);
    }

    /// Compared as unsigned.
    BpfProgram ifGreater(int value, BpfProgram then) {
        return add(JUMP_GREATER, 0, then.length(), value).append(then);
    }

    BpfProgram ifAnyBit(int mask, BpfProgram then) {
        return add(JUMP_ANY_BIT, 0, then.length(), mask).append(then);
    }

    static BpfProgram returning(int action) {
        return new BpfProgram().giveBack(action);
    }

    /// As the kernel takes it: an array of `struct sock_filter`, little-endian.
    byte[] assemble() {
        ByteBuffer bytes = ByteBuffer.allocate(8 * instructions.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (Instruction instruction : instructions) {
            bytes.putShort((short) instruction.code())
                    .put((byte) instruction.ifTrue())
                    .put((byte) instruction.ifFalse())
                    .putInt(instruction.operand());
        }
        return bytes.array();
    }

    private int length() {
        if (instructions.size() > 255) {
            throw new IllegalStateException("a jump of the filter is too long");
        }
        return instructions.size();
    }

    private BpfProgram append(BpfProgram other) {
        instructions.addAll(other.instructions);
        return this;
    }

    private BpfProgram add(int code, int ifTrue, int ifFalse, int operand) {
        instructions.add(new Instruction(code, ifTrue, ifFalse, operand));
        return this;
    }
}
