"""
A ClickHouse for machines that have none: the embedded engine behind the server's own two protocols.

``python -m app.local.engine`` serves one data directory, so that the rest of the program uses
``clickhouse-driver`` and HTTP and never knows which kind of server it talks to.

    __main__   arguments, lock, the line that says it is ready
    server     listeners, the watch over running queries, the orderly end
    native     one TCP connection          http       one HTTP request
    blocks     blocks of the TCP protocol  wire       numbers, strings, compressed frames
    engine     sessions and kill           session    query, stream, describe, insert
"""
