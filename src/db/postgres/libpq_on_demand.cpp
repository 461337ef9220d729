// The functions of libpq that we call, each as a way into the library, which is loaded by the first of them:
// a server on the embedded store does without it, and without the twenty libraries that come with it.
//
// They throw std::runtime_error when libpq can not be loaded (base/system_library.h); the first to be called
// is the one that checks the URL, at the start. To use another function of libpq, add its line.

#include <libpq-fe.h>

#include "base/system_library.h"

namespace latchkey::db::postgres {
namespace {

const SystemLibrary& libpq() {
  static const SystemLibrary library("libpq.so.5", "a database_url that begins with postgresql:");
  return library;
}

}  // namespace
}  // namespace latchkey::db::postgres

#define LATCHKEY_FORWARD(result_type, function, parameters, ...)                                       \
  extern "C" result_type function parameters {                                                         \
    static const auto forward = latchkey::db::postgres::libpq().find<decltype(::function)>(#function); \
    return forward(__VA_ARGS__);                                                                       \
  }

LATCHKEY_FORWARD(void, PQclear, (PGresult * result), result)
LATCHKEY_FORWARD(char*, PQcmdStatus, (PGresult * result), result)
LATCHKEY_FORWARD(char*, PQcmdTuples, (PGresult * result), result)
LATCHKEY_FORWARD(PGconn*, PQconnectdbParams,
                 (const char* const* keywords, const char* const* values, int expand_dbname), keywords,
                 values, expand_dbname)
LATCHKEY_FORWARD(void, PQconninfoFree, (PQconninfoOption * options), options)
LATCHKEY_FORWARD(PQconninfoOption*, PQconninfoParse, (const char* url, char** reason), url, reason)
LATCHKEY_FORWARD(int, PQconsumeInput, (PGconn * connection), connection)
LATCHKEY_FORWARD(int, PQenterPipelineMode, (PGconn * connection), connection)
LATCHKEY_FORWARD(char*, PQerrorMessage, (const PGconn* connection), connection)
LATCHKEY_FORWARD(PGresult*, PQexec, (PGconn * connection, const char* query), connection, query)
LATCHKEY_FORWARD(int, PQexitPipelineMode, (PGconn * connection), connection)
LATCHKEY_FORWARD(void, PQfinish, (PGconn * connection), connection)
LATCHKEY_FORWARD(int, PQflush, (PGconn * connection), connection)
LATCHKEY_FORWARD(void, PQfreemem, (void* memory), memory)
LATCHKEY_FORWARD(Oid, PQftype, (const PGresult* result, int column), result, column)
LATCHKEY_FORWARD(int, PQgetisnull, (const PGresult* result, int row, int column), result, row, column)
LATCHKEY_FORWARD(int, PQgetlength, (const PGresult* result, int row, int column), result, row, column)
LATCHKEY_FORWARD(PGresult*, PQgetResult, (PGconn * connection), connection)
LATCHKEY_FORWARD(char*, PQgetvalue, (const PGresult* result, int row, int column), result, row, column)
LATCHKEY_FORWARD(char*, PQhost, (const PGconn* connection), connection)
LATCHKEY_FORWARD(int, PQisBusy, (PGconn * connection), connection)
LATCHKEY_FORWARD(int, PQnfields, (const PGresult* result), result)
LATCHKEY_FORWARD(int, PQntuples, (const PGresult* result), result)
LATCHKEY_FORWARD(const char*, PQparameterStatus, (const PGconn* connection, const char* name), connection,
                 name)
LATCHKEY_FORWARD(PGpipelineStatus, PQpipelineStatus, (const PGconn* connection), connection)
LATCHKEY_FORWARD(int, PQpipelineSync, (PGconn * connection), connection)
LATCHKEY_FORWARD(char*, PQport, (const PGconn* connection), connection)
LATCHKEY_FORWARD(char*, PQresultErrorField, (const PGresult* result, int field), result, field)
LATCHKEY_FORWARD(char*, PQresultErrorMessage, (const PGresult* result), result)
LATCHKEY_FORWARD(ExecStatusType, PQresultStatus, (const PGresult* result), result)
LATCHKEY_FORWARD(int, PQsendPrepare,
                 (PGconn * connection, const char* name, const char* query, int count, const Oid* types),
                 connection, name, query, count, types)
LATCHKEY_FORWARD(int, PQsendQuery, (PGconn * connection, const char* query), connection, query)
LATCHKEY_FORWARD(int, PQsendQueryParams,
                 (PGconn * connection, const char* query, int count, const Oid* types,
                  const char* const* values, const int* lengths, const int* formats, int result_format),
                 connection, query, count, types, values, lengths, formats, result_format)
LATCHKEY_FORWARD(int, PQsendQueryPrepared,
                 (PGconn * connection, const char* name, int count, const char* const* values,
                  const int* lengths, const int* formats, int result_format),
                 connection, name, count, values, lengths, formats, result_format)
LATCHKEY_FORWARD(int, PQsetnonblocking, (PGconn * connection, int on), connection, on)
LATCHKEY_FORWARD(PQnoticeReceiver, PQsetNoticeReceiver,
                 (PGconn * connection, PQnoticeReceiver receiver, void* argument), connection, receiver,
                 argument)
LATCHKEY_FORWARD(int, PQsocket, (const PGconn* connection), connection)
LATCHKEY_FORWARD(ConnStatusType, PQstatus, (const PGconn* connection), connection)
LATCHKEY_FORWARD(PGTransactionStatusType, PQtransactionStatus, (const PGconn* connection), connection)

#undef LATCHKEY_FORWARD
