package io.nanogrid.gateway.dispatch;

/// Runs calls here while this machine has room for them, and has them run elsewhere when it hasn't.
///
/// What stands at a function's own limit waits here: its owner wants no more of it at once.
public final class ChoosingDispatcher implements Dispatcher {

    private final LocalDispatcher here;
    private final Dispatcher elsewhere;

    public ChoosingDispatcher(LocalDispatcher here, Dispatcher elsewhere) {
        this.here = here;
        this.elsewhere = elsewhere;
    }

    @Override
    public Invocation dispatch(Call call) throws InterruptedException {
        Invocation ended = here.dispatchIfRoom(call);
        boolean settled = switch (ended.outcome()) {
            case Outcome.Full(boolean ownLimit, _) -> ownLimit;
            case Outcome.Unavailable _ -> false;
            case Outcome.Value _,Outcome.Response _,Outcome.FunctionError _,Outcome.BadResult _,Outcome.TimedOut _,Outcome.Exited _,Outcome.OutOfMemory _,Outcome.Violated _,Outcome.InitFailed _,Outcome.InitDied _ ->
                true;
        };
        return settled ? ended : elsewhere.dispatch(call);
    }
}
