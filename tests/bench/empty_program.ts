console.log(""); // an empty program, but that it says when it has started
await Deno.stdin.readable.pipeTo(new WritableStream());
